#include "client/image/mirror.h"

#include "client/image/pattern.h"
#include "lib/model/layout.h"

#define TRIES 3

/* Where files of ours lie. What somebody put beside them is not ours to remove. */
static const char *const tops[] = { "images", LAYOUT_OBJECTS, "keys" };

static void release(struct mirror *m)
{
	mirrorcrew_close(&m->crew);
	mirrordest_close(&m->dest);
	repo_release(&m->repo);
	mirrorlist_release(&m->known);
	mirrorlist_release(&m->keep);
	arena_release(&m->arena);
	free(m->want);
}

/* ---- what is wanted */

void mirror_want(struct mirror *m, const struct mirrorwant *w)
{
	struct mirrorwant *copy;

	if (m->want_count == m->want_room) {
		m->want_room = m->want_room ? m->want_room * 2 : 64;
		m->want = xrealloc(m->want, m->want_room * sizeof(*m->want));
	}
	copy = &m->want[m->want_count++];
	*copy = *w;
	copy->content.path = arena_strdup(&m->arena, w->content.path);
	if (w->source)
		copy->source = arena_strdup(&m->arena, w->source);
	else
		copy->text = bytes_of(
			arena_strndup(&m->arena, w->text.data, w->text.len), w->text.len);
}

int mirror_fetch(struct mirror *m, struct err *e)
{
	int rc = mirrorcrew_fetch(m->crew, m->want, m->want_count, e);

	m->want_count = 0;
	return rc;
}

bool mirror_is_selected(const struct mirror *m, const struct image *i)
{
	char name[IMAGE_NAME_MAX];

	image_format(i, name);
	for (size_t k = 0; k < m->o->pattern_count; k++)
		if (pattern_matches(m->o->pattern[k], name))
			return true;
	return m->o->pattern_count == 0;
}

int mirror_text(struct mirror *m, const char *path, struct bytes text, struct err *e)
{
	struct trust_object o = {
		.path = path, .size = text.len, .sha256 = digest_of(text)
	};

	mirrorlist_add(&m->keep, &o, 0);
	if (m->o->dry_run || m->dest->ops->has(m->dest, &o))
		return 0;
	return m->dest->ops->write(m->dest, path, text, e);
}

/* ---- what leaves */

static bool begins(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* A file that is there and in no list: of a run that was cut short. */
static int find_stray(const char *path, void *ctx, struct err *e)
{
	struct mirror *m = ctx;
	struct trust_object o = { .path = path };
	struct relpath checked;
	struct err ignored;

	(void)e;
	if (relpath_parse(path, &checked, &ignored) == 0 && relpath_is_portable(&checked))
		mirrorlist_add(&m->keep, &o, m->repo.trust.now_s);
	return 0;
}

/* Generations go by their number, keys that no root names at once, roots never. */
static bool has_grace(const char *path)
{
	return !begins(path, LAYOUT_GEN "/") && !begins(path, "keys/");
}

static bool is_over(const struct mirror *m, const struct mirrorline *l)
{
	if (l->since_s == 0 || begins(l->content.path, "trust/"))
		return false;
	return !has_grace(l->content.path) ||
	       l->since_s + m->o->grace_s <= m->repo.trust.now_s;
}

static int write_list(struct mirror *m, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(MIRRORLIST_MAX);

	mirrorlist_format(&m->keep, &text);
	if (buf_check(&text, "the list of the mirror's files", e) < 0)
		return -1;
	return m->dest->ops->write(m->dest, MIRROR_LIST, buf_bytes(&text), e);
}

int mirror_settle(struct mirror *m, struct err *e)
{
	for (size_t i = 0; i < m->known.count; i++) {
		const struct mirrorline *l = &m->known.line[i];

		mirrorlist_add(&m->keep, &l->content,
			l->since_s ? l->since_s : m->repo.trust.now_s);
	}
	for (size_t i = 0; i < ARRAY_COUNT(tops); i++)
		if (m->dest->ops->walk(m->dest, tops[i], find_stray, m, e) < 0)
			return -1;
	mirrorlist_sort(&m->keep);
	if (m->o->dry_run)
		return 0;
	return m->dest->ops->sync(m->dest, e) < 0 ? -1 : write_list(m, e);
}

/* After the switch. */
static int remove_what_left(struct mirror *m, struct err *e)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->keep.count; i++) {
		const struct mirrorline *l = &m->keep.line[i];

		if (!is_over(m, l)) {
			m->done->leaving += l->since_s != 0;
			m->keep.line[kept++] = *l;
			continue;
		}
		if (begins(l->content.path, LAYOUT_GEN "/"))
			continue;
		m->done->removed++;
		if (!m->o->dry_run &&
			m->dest->ops->remove(m->dest, l->content.path, e) < 0)
			return -1;
	}
	if (kept == m->keep.count || m->o->dry_run)
		return 0;
	m->keep.count = kept;
	return write_list(m, e);
}

/* ---- one run */

static int read_list(struct mirror *m, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(MIRRORLIST_MAX);
	const char *kind = m->o->remote->kind;
	const char *source =
		m->repo.current.repo ? m->repo.current.repo : m->o->remote->url;

	if (m->dest->ops->read(m->dest, MIRROR_LIST, &text, e) < 0) {
		if (e->code != ERR_NOTFOUND)
			return -1;
		mirrorlist_sort(&m->known);
	} else if (mirrorlist_parse(buf_bytes(&text), &m->known, e) < 0) {
		return err_wrap(e, "'%s/" MIRROR_LIST "'", m->o->place);
	}
	m->dest->known = &m->known;
	m->keep.kind = kind;
	m->keep.source = source;
	if (!m->known.kind || (strcmp(m->known.kind, kind) == 0 &&
				      strcmp(m->known.source, source) == 0))
		return 0;
	return err_set(e, ERR_CONFLICT,
		"'%s' is a mirror of another source (%s %s): name another directory",
		m->o->place, m->known.kind, m->known.source);
}

/* *version: of the run before, whose failure `why` was, or 0; then of this one. */
static int run_once(const struct mirror_options *o, struct out *out,
	struct mirror_done *done, int64_t *version, struct err *e)
{
	with_cleanup(release) struct mirror m = {
		.o = o, .out = out, .repo = REPO_INIT, .done = done
	};
	struct repo_options repo = { .rate_max = o->rate_max };
	struct err why = *e;

	memset(done, 0, sizeof(*done));
	if ((o->s3 ? mirrors3_open(o->s3, &m.dest, e)
		   : mirrordir_open(o->place, o->dry_run, &m.dest, e)) < 0)
		return -1;
	m.dest->full = o->full;
	if (repo_open(o->remote, &repo, &m.repo, e) < 0)
		return -1;
	if (*version && *version == m.repo.current.version) {
		*e = why;
		return -1;
	}
	*version = m.repo.current.version;
	if (read_list(&m, e) < 0)
		return -1;
	if (remote_kind(o->remote) == REMOTE_ROOTYARD
			? repo_catalog(&m.repo, e) < 0 || mirror_signed(&m, e) < 0
			: mirror_foreign(&m, e) < 0)
		return -1;
	return remove_what_left(&m, e);
}

/* What cannot be because the source was published anew while we looked. */
static bool may_be_newer(const struct err *e)
{
	return e->code == ERR_AGAIN || e->code == ERR_UNTRUSTED ||
	       e->code == ERR_NOTFOUND;
}

int mirror_run(const struct mirror_options *o, struct out *out, struct mirror_done *done,
	struct err *e)
{
	struct err why = { 0 };
	int64_t version = 0;

	for (unsigned int i = 0; i < TRIES; i++) {
		int64_t before = version;

		if (run_once(o, out, done, &version, &why) == 0)
			return 0;
		if (!may_be_newer(&why) || version == before)
			break;
	}
	*e = why;
	return -1;
}
