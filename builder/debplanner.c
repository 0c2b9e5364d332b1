#include "builder/debplanner.h"

#include "builder/confined.h"
#include "builder/debclosure.h"
#include "builder/debsolve.h"

#include "lib/adapt/inflate.h"
#include "lib/base/atomic.h"
#include "lib/base/fs.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>

#define REDUCED_MAX  (64U << 20)
#define READ_STEP    (256U << 10)
#define PLAN_AGE_S   (60 * 86400)
#define WANTED_CHARS "abcdefghijklmnopqrstuvwxyz0123456789+-."

void debplanner_init(struct debplanner *p)
{
	*p = (struct debplanner){ 0 };
	for (size_t i = 0; i < DEBINDEX_MAX; i++)
		debindex_init(&p->index[i]);
	debplan_init(&p->plan);
}

void debplanner_release(struct debplanner *p)
{
	for (size_t i = 0; i < DEBINDEX_MAX; i++)
		debindex_release(&p->index[i]);
	debplan_release(&p->plan);
}

/* ---- the signed indexes */

static int open_indexes(struct job *j, const struct debplanner_wish *w,
	struct debplanner *p, char reason[REASON_MAX], struct err *e)
{
	for (size_t i = 0; i < w->line_count && i < DEBINDEX_MAX; i++) {
		int rc = debindex_open(
			j, w->line[i], w->inrelease[i], &p->index[i], reason, e);
		size_t at = i;

		if (rc != 0)
			return rc;
		for (; at > 0 &&
			strcmp(p->index[p->order[at - 1]].url, p->index[i].url) > 0;
			at--)
			p->order[at] = p->order[at - 1];
		p->order[at] = i;
		p->index_count++;
	}
	return 0;
}

static void key_of(
	const struct debplanner_wish *w, const struct debplanner *p, char hex[DIGEST_HEX])
{
	auto_buf struct buf text = BUF_INIT(1U << 20);
	struct digest key;

	buf_printf(
		&text, "rootyard " VERSION "\n%s %s %s\n", w->suite, w->arch, w->variant);
	for (size_t i = 0; i < p->index_count; i++) {
		const struct debindex *x = &p->index[i];

		digest_hex(&x->sha256, hex);
		buf_printf(&text, "%s %s", x->url, hex);
		for (size_t k = 0; k < x->component_count; k++)
			buf_printf(&text, " %s", x->component[k]);
		buf_add_str(&text, "\n");
	}
	for (size_t i = 0; w->wanted[i]; i++)
		buf_printf(&text, "%s\n", w->wanted[i]);
	key = digest_of(buf_bytes(&text));
	digest_hex(&key, hex);
}

/* ---- plans that are kept */

static bool is_ours(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	       (st.st_mode & 022) == 0;
}

static bool find_kept(const struct job *j, const char *key, struct debplan *out)
{
	auto_buf struct buf text = BUF_INIT(DEBPLAN_TEXT_MAX);
	auto_fd int dir = open(j->plans, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_fd int fd =
		dir < 0 ? -1 : openat(dir, key, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct err ignored;

	if (fd < 0 || !is_ours(fd) || fs_read_fd(fd, key, &text, &ignored) < 0 ||
		debplan_parse(buf_bytes(&text), out, &ignored) < 0) {
		debplan_release(out);
		return false;
	}
	futimens(fd, NULL); /* it was used */
	return true;
}

/* Indexes change, and their old plans are never asked for again. */
static void drop_old(int dir)
{
	auto_names struct fs_names names = { 0 };
	struct err ignored;
	struct stat st;

	if (fs_list_dir(dir, ".", &names, &ignored) < 0)
		return;
	for (size_t i = 0; i < names.count; i++)
		if (fstatat(dir, names.name[i], &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			st.st_mtim.tv_sec + PLAN_AGE_S < time(NULL))
			unlinkat(dir, names.name[i], 0);
}

static int keep(
	const struct job *j, const char *key, const struct debplan *plan, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(DEBPLAN_TEXT_MAX);
	auto_fd int dir = fs_open_dir(j->plans, e);

	if (dir < 0)
		return -1;
	debplan_format(plan, &text);
	if (buf_check(&text, "the plan", e) < 0)
		return -1;
	drop_old(dir);
	return atomic_write_file(dir, key, buf_bytes(&text), 0644, e);
}

/* ---- what may be needed of Packages */

struct reduction {
	struct debplanner *planner;
	const struct debplanner_wish *wish;
	struct packed {
		size_t index;
		const char *component;
		struct fetched file;
		struct digest plain;
		int reduced_fd;
		struct buf text; /* whole in the child, reduced in the builder */
	} packed[DEBCLOSURE_TEXTS_MAX];
	size_t count;
};

static void reduction_release(struct reduction *r)
{
	for (size_t i = 0; i < r->count; i++) {
		fetched_release(&r->packed[i].file);
		buf_release(&r->packed[i].text);
		if (r->packed[i].reduced_fd >= 0)
			close(r->packed[i].reduced_fd);
	}
}

static int fetch_packages(
	struct job *j, struct reduction *r, char reason[REASON_MAX], struct err *e)
{
	const struct debplanner *p = r->planner;

	for (size_t i = 0; i < p->index_count; i++) {
		const struct debindex *x = &p->index[p->order[i]];

		for (size_t k = 0; k < x->component_count; k++) {
			struct packed *a = &r->packed[r->count];
			int rc;

			if (r->count == DEBCLOSURE_TEXTS_MAX) {
				snprintf(reason, REASON_MAX, "more than %d components",
					DEBCLOSURE_TEXTS_MAX);
				return 1;
			}
			*a = (struct packed){ .index = p->order[i],
				.component = x->component[k],
				.file = FETCHED_INIT,
				.text = BUF_INIT(DEBINDEX_PACKAGES_MAX),
				.reduced_fd = memfd_create("Packages", MFD_CLOEXEC) };
			r->count++;
			if (a->reduced_fd < 0)
				return err_sys(e, "cannot make a memory file");
			rc = debindex_packages(
				j, x, a->component, &a->file, &a->plain, reason, e);
			if (rc != 0)
				return rc;
		}
	}
	return 0;
}

static int inflate_whole(struct packed *a, const char *name, struct err *e)
{
	auto_inflate struct inflate *inflate = NULL;
	struct reader in = reader_of_fd(&a->file.fd), plain;
	struct digest got;
	struct stat st;
	ssize_t n = 0;

	if (fstat(a->file.fd, &st) < 0)
		return err_sys(e, "cannot look at '%s'", name);
	if (st.st_size > 0 && inflate_open(&in, &inflate, e) < 0)
		return -1;
	if (inflate)
		plain = inflate_as_reader(inflate);
	while (inflate) {
		unsigned char *room = buf_reserve(&a->text, READ_STEP);

		if (!room)
			return err_set(e, ERR_LIMIT, "'%s' is too large", name);
		n = reader_read(&plain, room, READ_STEP, e);
		if (n <= 0)
			break;
		buf_grew(&a->text, (size_t)n);
	}
	if (n < 0)
		return -1;
	got = digest_of(buf_bytes(&a->text));
	if (!digest_equal(&got, &a->plain))
		return err_set(e, ERR_UNTRUSTED,
			"Packages of '%s' is not what '%s' names", a->component, name);
	return 0;
}

static int reduce(void *ctx, void *out, struct err *e)
{
	struct reduction *r = ctx;
	struct debclosure c = { .count = r->count,
		.priority = debsolve_priorities(r->wish->variant),
		.wanted = r->wish->wanted };
	struct buf text[DEBCLOSURE_TEXTS_MAX], *texts[DEBCLOSURE_TEXTS_MAX];

	for (size_t i = 0; i < r->count; i++) {
		struct packed *a = &r->packed[i];

		if (inflate_whole(a, r->planner->index[a->index].url, e) < 0)
			return -1;
		c.text[i] = buf_bytes(&a->text);
		text[i] = (struct buf)BUF_INIT(REDUCED_MAX);
		texts[i] = &text[i];
	}
	if (debclosure_run(&c, texts, e) < 0)
		return -1;
	for (size_t i = 0; i < r->count; i++)
		if (text[i].len && fs_write_all(r->packed[i].reduced_fd, text[i].data,
					   text[i].len, e) < 0)
			return -1;
	*(bool *)out = true;
	return 0;
}

static int reduce_confined(struct reduction *r, struct err *e)
{
	bool done = false;
	const struct confined c = { .run = reduce,
		.ctx = r,
		.out = &done,
		.out_size = sizeof(done),
		.tree_dir = -1 };

	if (confined_run(&c, e) < 0)
		return -1;
	for (size_t i = 0; i < r->count; i++) {
		struct packed *a = &r->packed[i];

		a->text = (struct buf)BUF_INIT(REDUCED_MAX);
		if (lseek(a->reduced_fd, 0, SEEK_SET) < 0)
			return err_sys(e, "cannot rewind a memory file");
		if (fs_read_fd(a->reduced_fd, "Packages", &a->text, e) < 0)
			return -1;
	}
	return 0;
}

static int solve(struct job *j, struct reduction *r, struct debplan *out,
	char reason[REASON_MAX], struct err *e)
{
	struct debsolve_text text[DEBCLOSURE_TEXTS_MAX];
	struct debsolve s = { .index = r->planner->index,
		.index_count = r->planner->index_count,
		.text = text,
		.suite = r->wish->suite,
		.arch = r->wish->arch,
		.variant = r->wish->variant,
		.wanted = r->wish->wanted };
	int rc = fetch_packages(j, r, reason, e);

	if (rc != 0)
		return rc;
	if (reduce_confined(r, e) < 0)
		return -1;
	for (; s.text_count < r->count; s.text_count++)
		text[s.text_count] =
			(struct debsolve_text){ .index = r->packed[s.text_count].index,
				.component = r->packed[s.text_count].component,
				.text = &r->packed[s.text_count].text };
	return debsolve_run(j, &s, out, reason, e);
}

/* ---- all of it */

static int is_modelled(const struct debplanner_wish *w, char reason[REASON_MAX])
{
	if (!debsolve_priorities(w->variant)) {
		snprintf(reason, REASON_MAX, "variant '%s'", w->variant);
		return 1;
	}
	for (size_t i = 0; w->wanted[i]; i++)
		if (strspn(w->wanted[i], WANTED_CHARS) != strlen(w->wanted[i])) {
			snprintf(reason, REASON_MAX, "'%s' is not the name of a package",
				w->wanted[i]);
			return 1;
		}
	if (w->line_count > DEBINDEX_MAX) {
		snprintf(reason, REASON_MAX, "more than %d archives", DEBINDEX_MAX);
		return 1;
	}
	return 0;
}

int debplanner_run(struct job *j, const struct debplanner_wish *w, struct debplanner *out,
	char reason[REASON_MAX], struct err *e)
{
	struct reduction r = { .planner = out, .wish = w };
	char key[DIGEST_HEX];
	int rc = is_modelled(w, reason);

	if (rc == 0)
		rc = open_indexes(j, w, out, reason, e);
	if (rc != 0)
		return rc;
	key_of(w, out, key);
	out->was_kept = find_kept(j, key, &out->plan);
	if (out->was_kept)
		return 0;
	rc = solve(j, &r, &out->plan, reason, e);
	reduction_release(&r);
	return rc != 0 ? rc : keep(j, key, &out->plan, e);
}
