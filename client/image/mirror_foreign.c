/* Mirrors of servers that sign nothing. */
#include "client/image/mirror.h"

#include "lib/model/layout.h"

#include <inttypes.h>

static void release(struct mirrorindexes *x)
{
	for (size_t i = 0; i < x->count; i++) {
		free(x->item[i].path);
		buf_release(&x->item[i].text);
	}
}

static void in_generation(const struct mirror *m, int64_t generation, const char *path,
	char *out, size_t size)
{
	if (m->dest->has_switch)
		snprintf(out, size, LAYOUT_GEN "/%" PRId64 "/%s", generation, path);
	else
		snprintf(out, size, "%s", path);
}

/* Are they there, and no others? */
static bool are_there(const struct mirror *m, const struct mirrorindexes *x)
{
	char path[LAYOUT_PATH_MAX];
	size_t others = 0, prefix;

	in_generation(m, m->known.keys, "", path, sizeof(path));
	prefix = strlen(path);
	for (size_t i = 0; prefix && i < m->known.count; i++)
		others += strncmp(m->known.line[i].content.path, path, prefix) == 0;
	if (prefix && others != x->count)
		return false;
	for (size_t i = 0; i < x->count; i++) {
		struct bytes text = buf_bytes(&x->item[i].text);
		struct trust_object o = {
			.path = path, .size = text.len, .sha256 = digest_of(text)
		};

		in_generation(m, m->known.keys, x->item[i].path, path, sizeof(path));
		if (!m->dest->ops->has(m->dest, &o))
			return false;
	}
	return true;
}

static int place(struct mirror *m, const struct mirrorindexes *x, struct err *e)
{
	for (size_t i = 0; i < x->count; i++) {
		char path[LAYOUT_PATH_MAX];

		in_generation(m, m->keep.keys, x->item[i].path, path, sizeof(path));
		if (mirror_text(m, path, buf_bytes(&x->item[i].text), e) < 0)
			return -1;
	}
	return 0;
}

/* Where nothing switches the indexes are written when all else is there, and in the list. */
static int switch_to(struct mirror *m, const struct mirrorindexes *x, struct err *e)
{
	struct mirrordest *d = m->dest;

	m->keep.keys = m->known.keys + !are_there(m, x);
	if (place(m, x, e) < 0 || mirror_settle(m, e) < 0)
		return -1;
	if (m->o->dry_run || !d->has_switch)
		return 0;
	return d->ops->flip(d, m->keep.keys, e);
}

int mirror_foreign(struct mirror *m, struct err *e)
{
	with_cleanup(release) struct mirrorindexes x = { .count = 0 };
	struct mirrorcrew_settings s = { .repo = &m->repo,
		.dest = m->dest,
		.known = &m->known,
		.keep = &m->keep,
		.now_s = m->repo.trust.now_s,
		.dry_run = m->o->dry_run,
		.lines = m->o->lines,
		.out = m->out };
	bool lxc = remote_kind(m->o->remote) == REMOTE_LXC;

	if (mirrorcrew_open(&s, &m->crew, e) < 0 ||
		(lxc ? mirror_lxc(m, &x, e) : mirror_streams(m, &x, e)) < 0)
		return -1;
	if (m->o->pattern_count && m->done->images == 0)
		return err_set(e, ERR_NOTFOUND,
			"no image of '%s' matches; see what there is with 'rootyard "
			"list'",
			m->o->remote->name);
	if (mirror_fetch(m, e) < 0 || switch_to(m, &x, e) < 0)
		return -1;
	m->done->work = *mirrorcrew_done(m->crew);
	return m->o->republish && !m->o->dry_run ? mirror_republish(m, e) : 0;
}
