#include "client/image/mirrorcrew.h"

#include "client/image/partial.h"
#include "lib/base/pool.h"
#include "lib/base/relpath.h"

#include <inttypes.h>
#include <pthread.h>

#define LINES_MAX    32
#define SIGNATURES   2
#define SUFFIXED_MAX (RELPATH_MAX + 8)
#define STEP         "mirror"

const char *const mirror_signature[] = { ".asc", NULL };
const char *const mirror_sums_signature[] = { ".asc", ".gpg", NULL };

struct mirrorcrew {
	struct mirrorcrew_settings s;
	struct mirrorcrew_done done;
	struct fetcher *line[LINES_MAX];
	bool busy[LINES_MAX];
	pthread_mutex_t lock; /* of busy and of what is said */
	uint64_t total, now;  /* bytes to fetch */
};

/* Wants of one content. */
struct job {
	struct mirrorcrew *crew;
	struct mirrorwant *want;
	size_t count;
	bool *lacks_file, *lacks_signature;
	const char *from;         /* where the content is already, or NULL */
	struct verified got;      /* the content, for its signatures */
	char scratch[DIGEST_HEX]; /* what it is called where downloads lie */
	struct buf *signature;
	uint64_t moved;
	bool fetched;
};

int mirrorcrew_open(
	const struct mirrorcrew_settings *s, struct mirrorcrew **out, struct err *e)
{
	auto_mirrorcrew struct mirrorcrew *c = xcalloc(1, sizeof(*c));

	c->s = *s;
	pthread_mutex_init(&c->lock, NULL);
	if (c->s.lines > LINES_MAX)
		c->s.lines = LINES_MAX;
	for (unsigned int i = 0; i < c->s.lines; i++)
		if (repo_connect(s->repo, &c->line[i], e) < 0)
			return -1;
	*out = STEAL(c);
	return 0;
}

void mirrorcrew_close(struct mirrorcrew **c)
{
	if (!*c)
		return;
	for (unsigned int i = 0; i < (*c)->s.lines; i++)
		fetcher_close(&(*c)->line[i]);
	pthread_mutex_destroy(&(*c)->lock);
	free(*c);
	*c = NULL;
}

const struct mirrorcrew_done *mirrorcrew_done(const struct mirrorcrew *c)
{
	return &c->done;
}

/* ---- lines */

/* There are as many as threads. */
static unsigned int take_line(struct mirrorcrew *c, struct repo *out)
{
	unsigned int i = 0;

	pthread_mutex_lock(&c->lock);
	while (c->busy[i])
		i++;
	c->busy[i] = true;
	pthread_mutex_unlock(&c->lock);
	*out = *c->s.repo;
	out->fetch = c->line[i];
	/* words of several threads would run into each other */
	out->options.note = NULL;
	return i;
}

static void give_line(struct mirrorcrew *c, unsigned int i)
{
	pthread_mutex_lock(&c->lock);
	c->busy[i] = false;
	pthread_mutex_unlock(&c->lock);
}

static void moved(void *ctx, uint64_t now, uint64_t total)
{
	struct job *j = ctx;
	struct mirrorcrew *c = j->crew;

	(void)total;
	pthread_mutex_lock(&c->lock);
	c->now = c->now - j->moved + now;
	j->moved = now;
	out_step(c->s.out, STEP, c->now, c->total, "B");
	pthread_mutex_unlock(&c->lock);
}

/* ---- one content, on any thread */

static struct doc_file as_file(const struct job *j)
{
	const struct trust_object *o = &j->want->content;
	const char *slash = strrchr(o->path, '/');

	return (struct doc_file){ .name = slash ? slash + 1 : o->path,
		.path = j->want->source,
		.size = o->size,
		.sha256 = o->sha256 };
}

/* What came is what it is; the name of its build says that it stays so. */
static int fetch_untold(struct job *j, struct repo *line,
	const struct fetch_progress *progress, struct err *e)
{
	struct foreign_file file = { .path = j->want->source };

	if (repo_foreign_file(line, &file, false, j->crew->s.dest->scratch_fd, progress,
		    &j->got, e) < 0)
		return -1;
	repo_foreign_name(line, &file, j->scratch);
	j->want->content.size = j->got.size;
	j->want->content.sha256 = j->got.sha256;
	return 0;
}

static int fetch_told(struct job *j, struct repo *line,
	const struct fetch_progress *progress, struct err *e)
{
	struct doc_file file = as_file(j);

	digest_hex(&file.sha256, j->scratch);
	return repo_file(line, &file, j->crew->s.dest->scratch_fd, progress, &j->got, e);
}

static int fetch_content(struct job *j, struct repo *line, struct err *e)
{
	struct fetch_progress progress = { .moved = moved, .ctx = j };

	if (j->got.fd >= 0)
		return 0;
	if ((j->want->untold ? fetch_untold : fetch_told)(j, line, &progress, e) < 0)
		return -1;
	j->fetched = true;
	return 0;
}

/* The first name that it lacks comes from where the content is, the others from that one. */
static int place_content(struct job *j, struct repo *line, struct err *e)
{
	struct mirrordest *d = j->crew->s.dest;
	const char *from = j->from;
	bool is_there = from != NULL;

	for (size_t i = 0; i < j->count; i++) {
		const struct mirrorwant *w = &j->want[i];

		if (!j->lacks_file[i])
			continue;
		if (!w->source) {
			if (d->ops->write(d, w->content.path, w->text, e) < 0)
				return -1;
		} else if (is_there) {
			if (d->ops->same(d, &w->content, from, e) < 0)
				return -1;
		} else if (fetch_content(j, line, e) < 0 ||
			   d->ops->put(d, &w->content, j->scratch, e) < 0) {
			return -1;
		}
		from = w->content.path;
		is_there = true;
	}
	return 0;
}

static int fetch_signatures(struct job *j, struct repo *line, struct err *e)
{
	struct mirrordest *d = j->crew->s.dest;

	for (size_t i = 0; i < j->count; i++) {
		const struct mirrorwant *w = &j->want[i];
		auto_free char *path = NULL;

		if (!j->lacks_signature[i])
			continue;
		if (w->source && j->got.fd < 0) {
			int fd = d->ops->open(d, w->content.path, e);

			if (fd < 0 && e->code != ERR_NOTFOUND)
				return -1;
			j->got.fd = fd;
			if (fd < 0 && fetch_content(j, line, e) < 0)
				return -1;
		}
		path = xasprintf(
			"%s%s", w->source ? w->source : w->content.path, w->signature[0]);
		if (repo_beside(line, path, &j->signature[i], e) < 0) {
			if (e->code == ERR_NOTFOUND)
				e->code = ERR_AGAIN;
			return -1;
		}
	}
	return 0;
}

static int work(void *arg, void *ctx, struct err *e)
{
	struct mirrorcrew *c = ctx;
	struct job *j = arg;
	struct repo line;
	unsigned int i = take_line(c, &line);
	int rc = place_content(j, &line, e);

	if (rc == 0)
		rc = fetch_signatures(j, &line, e);
	give_line(c, i);
	return rc;
}

/* ---- one content, where it all comes together */

static int check_signature(struct job *j, size_t i, struct err *e)
{
	const struct mirrorcrew_settings *s = &j->crew->s;
	const struct mirrorwant *w = &j->want[i];
	struct bytes signature = buf_bytes(&j->signature[i]);
	int rc = w->source ? verify_detached_fd(s->verifier, &s->role, j->got.fd,
				     signature, s->now_s, e)
			   : verify_detached(s->verifier, &s->role, w->text, signature,
				     s->now_s, e);

	return rc < 0 ? err_wrap(e, "not trusted: '%s%s'", w->content.path,
				w->signature[0])
		      : 0;
}

static void keep(struct mirrorcrew *c, const struct trust_object *o)
{
	mirrorlist_add(c->s.keep, o, 0);
	c->done.files++;
	c->done.bytes += o->size;
}

static int place_signature(struct job *j, size_t i, struct err *e)
{
	struct mirrordest *d = j->crew->s.dest;
	const struct mirrorwant *w = &j->want[i];
	struct bytes text = buf_bytes(&j->signature[i]);

	j->crew->done.fetched++;
	j->crew->done.fetched_bytes += text.len;
	for (const char *const *suffix = w->signature; *suffix; suffix++) {
		auto_free char *path = xasprintf("%s%s", w->content.path, *suffix);
		struct trust_object o = {
			.path = path, .size = text.len, .sha256 = digest_of(text)
		};

		if (d->ops->write(d, path, text, e) < 0)
			return -1;
		keep(j->crew, &o);
	}
	return 0;
}

/* Those that are there are kept. */
static void keep_signature(struct job *j, size_t i)
{
	const struct mirrorwant *w = &j->want[i];

	for (const char *const *suffix = w->signature; suffix && *suffix; suffix++) {
		auto_free char *path = xasprintf("%s%s", w->content.path, *suffix);
		const struct mirrorline *l = mirrorlist_find(j->crew->s.known, path);

		if (l)
			keep(j->crew, &l->content);
	}
}

static int finish(void *arg, void *ctx, struct err *e)
{
	struct mirrorcrew *c = ctx;
	struct job *j = arg;
	bool placed = j->fetched;

	for (size_t i = 0; i < j->count; i++) {
		keep(c, &j->want[i].content);
		if (j->lacks_file[i] && j->want[i].source && !placed)
			c->done.linked++;
		placed = placed && !j->lacks_file[i];
		if (j->lacks_signature[i] &&
			(check_signature(j, i, e) < 0 || place_signature(j, i, e) < 0))
			return -1;
		if (!j->lacks_signature[i])
			keep_signature(j, i);
	}
	if (j->fetched) {
		c->done.fetched++;
		c->done.fetched_bytes += j->want->content.size;
	}
	return 0;
}

static void discard(void *arg, void *ctx)
{
	struct job *j = arg;

	(void)ctx;
	if (j->fetched)
		partial_forget(j->crew->s.dest->scratch_fd, j->scratch);
	for (size_t i = 0; i < j->count; i++)
		buf_release(&j->signature[i]);
	verified_release(&j->got);
	free(j->signature);
	free(j->lacks_file);
	free(j->lacks_signature);
	free(j);
}

/* ---- what is to be done */

/* Is every name of the signature there, as the last run recorded it? */
static bool has_signature(struct mirrorcrew *c, const struct mirrorwant *w)
{
	struct mirrordest *d = c->s.dest;

	for (const char *const *suffix = w->signature; *suffix; suffix++) {
		auto_free char *path = xasprintf("%s%s", w->content.path, *suffix);
		const struct mirrorline *l = mirrorlist_find(c->s.known, path);

		if (!l || !d->ops->has(d, &l->content))
			return false;
	}
	return !c->s.recheck;
}

/* Some other name of this content that is there, as it was recorded. */
static const char *find_same(struct mirrorcrew *c, const struct trust_object *o)
{
	const struct mirrorline *const *end, *const *l = mirrorlist_find_content(
						     c->s.known, o, &end);

	for (; l < end; l++)
		if (c->s.dest->ops->has(c->s.dest, &(*l)->content))
			return (*l)->content.path;
	return NULL;
}

/* NULL when there is nothing to do but to remember it. */
static struct job *plan_job(
	struct mirrorcrew *c, struct mirrorwant *want, size_t count, bool *idle)
{
	struct mirrordest *d = c->s.dest;
	struct job *j = xcalloc(1, sizeof(*j));
	const char *there = NULL;
	bool lacks = false;

	j->crew = c;
	j->want = want;
	j->count = count;
	j->got.fd = -1;
	j->lacks_file = xcalloc(count, sizeof(bool));
	j->lacks_signature = xcalloc(count, sizeof(bool));
	j->signature = xcalloc(count, sizeof(struct buf));
	*idle = true;
	for (size_t i = 0; i < count; i++) {
		j->signature[i].ceiling = SIGNATURE_MAX;
		j->lacks_file[i] = want[i].untold || !d->ops->has(d, &want[i].content);
		j->lacks_signature[i] = want[i].signature && !has_signature(c, &want[i]);
		if (!j->lacks_file[i])
			there = want[i].content.path;
		lacks = lacks || j->lacks_file[i];
		*idle = *idle && !j->lacks_file[i] && !j->lacks_signature[i];
	}
	if (lacks && !want->untold)
		j->from = there ? there : find_same(c, &want->content);
	return j;
}

static int by_content(const void *a, const void *b)
{
	const struct mirrorwant *x = a, *y = b;
	int c = memcmp(x->content.sha256.byte, y->content.sha256.byte, DIGEST_SIZE);

	if (c == 0)
		c = (x->content.size > y->content.size) -
		    (x->content.size < y->content.size);
	return c ? c : strcmp(x->content.path, y->content.path);
}

static bool is_same(const struct mirrorwant *a, const struct mirrorwant *b)
{
	return !a->untold && !b->untold && a->content.size == b->content.size &&
	       digest_equal(&a->content.sha256, &b->content.sha256);
}

/* What has no bytes need not be asked for; and what no file can be is refused. */
static int settle_empty(struct mirrorwant *w, struct err *e)
{
	struct digest nothing = digest_of(bytes_of("", 0));

	if (w->content.size > 0 || w->untold)
		return 0;
	if (!digest_equal(&w->content.sha256, &nothing))
		return err_set(e, ERR_UNTRUSTED,
			"not trusted: '%s' is said to be empty, and to have another "
			"digest",
			w->content.path);
	w->source = NULL;
	w->text = bytes_of("", 0);
	return 0;
}

struct plan {
	struct job **job;
	size_t count, busy;
	uint64_t bytes;
};

static void plan_release(struct plan *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->job[i])
			discard(p->job[i], NULL);
	free(p->job);
}

static int make_plan(struct mirrorcrew *c, struct mirrorwant *want, size_t count,
	struct plan *p, struct err *e)
{
	p->job = xcalloc(count + 1, sizeof(struct job *));
	for (size_t i = 0, n; i < count; i += n) {
		struct job *j;
		bool idle;

		if (settle_empty(&want[i], e) < 0)
			return -1;
		for (n = 1; i + n < count && is_same(&want[i], &want[i + n]); n++)
			if (settle_empty(&want[i + n], e) < 0)
				return -1;
		j = plan_job(c, &want[i], n, &idle);
		p->job[p->count++] = j;
		p->busy += !idle;
		for (size_t k = 0; k < n; k++)
			if (j->lacks_file[k] && j->want[k].source && !j->from) {
				p->bytes += want[i].content.size;
				break;
			}
	}
	return 0;
}

static int check_room(struct mirrorcrew *c, uint64_t bytes, struct err *e)
{
	uint64_t room = c->s.dest->ops->room(c->s.dest);
	char needed[32], there[32];

	if (bytes <= room)
		return 0;
	return err_set(e, ERR_NOSPACE, "the mirror needs %s more, and %s are free",
		out_size(bytes, needed, sizeof(needed)),
		out_size(room, there, sizeof(there)));
}

static void tell_only(struct mirrorcrew *c, const struct plan *p)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct job *j = p->job[i];
		bool fetched = false;

		for (size_t k = 0; k < j->count; k++) {
			keep(c, &j->want[k].content);
			fetched = fetched ||
				  (j->lacks_file[k] && !j->from && j->want[k].source);
		}
		c->done.fetched += fetched;
		c->done.fetched_bytes += fetched ? j->want->content.size : 0;
	}
}

static int run_plan(struct mirrorcrew *c, struct plan *p, struct err *e)
{
	static const struct pool_ops ops = {
		.work = work, .done = finish, .discard = discard
	};
	auto_pool struct pool *pool = NULL;
	char size[32];

	c->total += p->bytes;
	if (p->busy && pool_open(c->s.lines, &ops, c, &pool, e) < 0)
		return -1;
	for (size_t i = 0; i < p->count; i++) {
		struct job *j = STEAL(p->job[i]);

		if (pool) {
			if (pool_submit(pool, j, e) < 0)
				return -1;
			continue;
		}
		if (finish(j, c, e) < 0) {
			discard(j, c);
			return -1;
		}
		discard(j, c);
	}
	if (pool && pool_finish(pool, e) < 0)
		return -1;
	if (p->bytes)
		out_step_done(c->s.out, STEP, "%s, verified",
			out_size(p->bytes, size, sizeof(size)));
	return 0;
}

/* What an earlier run fetched under this name is it. */
static void recall_untold(struct mirrorcrew *c, struct mirrorwant *want, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct mirrorline *l =
			want[i].untold ? mirrorlist_find(c->s.known, want[i].content.path)
				       : NULL;

		if (l && c->s.dest->ops->has(c->s.dest, &l->content)) {
			want[i].content.size = l->content.size;
			want[i].content.sha256 = l->content.sha256;
			want[i].untold = false;
		}
	}
}

int mirrorcrew_fetch(
	struct mirrorcrew *c, struct mirrorwant *want, size_t count, struct err *e)
{
	with_cleanup(plan_release) struct plan p = { 0 };

	recall_untold(c, want, count);
	if (count)
		qsort(want, count, sizeof(*want), by_content);
	if (make_plan(c, want, count, &p, e) < 0)
		return -1;
	if (c->s.dry_run) {
		tell_only(c, &p);
		return 0;
	}
	if (check_room(c, p.bytes, e) < 0)
		return -1;
	return run_plan(c, &p, e);
}

int mirrorcrew_document(struct mirrorcrew *c, const char *what,
	const struct trust_object *object, struct buf *out, struct err *e)
{
	struct mirrordest *d = c->s.dest;
	struct repo line = *c->s.repo;
	struct err ignored;

	if (d->ops->has(d, object) && d->ops->read(d, object->path, out, &ignored) == 0 &&
		trust_object_check(what, &object->sha256, object->size, buf_bytes(out),
			&ignored) == 0) {
		keep(c, object);
		return 0;
	}
	buf_clear(out);
	if (repo_object(&line, what, object, out, e) < 0)
		return -1;
	c->done.fetched++;
	c->done.fetched_bytes += object->size;
	if (!c->s.dry_run && d->ops->write(d, object->path, buf_bytes(out), e) < 0)
		return -1;
	keep(c, object);
	return 0;
}
