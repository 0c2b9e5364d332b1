#include "client/image/mirrorcheck.h"

#include "client/image/home.h"
#include "client/image/pattern.h"
#include "lib/base/fs.h"
#include "lib/model/layout.h"

#include <inttypes.h>
#include <sys/random.h>

#define FILES_DOC_MAX (16U << 20)

const char *const mirror_state_name[MIRROR_STATES] = {
	[MIRROR_GOOD] = "good",
	[MIRROR_LAGGING] = "lagging",
	[MIRROR_DAMAGED] = "damaged",
	[MIRROR_UNTRUSTED] = "untrusted",
	[MIRROR_UNREACHABLE] = "unreachable",
};

struct checking {
	const struct mirrorcheck_options *o;
	struct mirrorcheck *out;
	const struct repo *source;
	struct remote remote; /* the source's, with the mirror's URL */
	struct repo there;    /* a copy that asks the mirror alone; not released */
	struct current current;
	struct catdoc catalog;
	int scratch_fd;
};

void mirrorcheck_release(struct mirrorcheck *c)
{
	arena_release(&c->arena);
}

/* ---- findings */

static void raise_to(struct mirrorcheck *c, enum mirror_state state)
{
	if (c->state < state)
		c->state = state;
}

static void find(struct checking *x, const char *path, const struct err *why)
{
	struct mirrorcheck *c = x->out;

	raise_to(c, MIRROR_DAMAGED);
	if (c->findings < MIRROR_FINDINGS_MAX) {
		c->finding[c->findings].path = arena_strdup(&c->arena, path);
		c->finding[c->findings].what = arena_strdup(&c->arena, why->text);
	}
	c->findings++;
}

/* A failure of the mirror is a finding, one of ours ends the command. */
static int judge(
	struct checking *x, const char *path, const struct err *why, struct err *e)
{
	switch (why->code) {
	case ERR_NETWORK:
	case ERR_NOTFOUND:
	case ERR_UNTRUSTED:
	case ERR_AGAIN:
	case ERR_PARSE:
	case ERR_LIMIT:
		find(x, path, why);
		return 0;
	default:
		*e = *why;
		return -1;
	}
}

/* ---- what it says of itself */

/* 0 it says something that is signed, 1 it does not. */
static int look_at_current(struct checking *x, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(TRUST_DOC_MAX);
	struct mirrorcheck *c = x->out;
	const struct current *now = &x->source->current;
	struct err why;
	int rc = fetch_document(
		x->there.fetch, x->remote.url, LAYOUT_CURRENT, &text, &why);
	bool came = rc == 0;

	if (came)
		rc = trust_look(&x->source->trust, buf_bytes(&text), &x->current, &why);
	if (rc != 0) {
		if (judge(x, LAYOUT_CURRENT, &why, e) < 0)
			return -1;
		raise_to(c, came ? MIRROR_UNTRUSTED : MIRROR_UNREACHABLE);
		return 1;
	}
	c->generation = x->current.generation;
	c->version = x->current.version;
	c->created_s = x->current.created_s;
	c->expired = x->current.expires_s <= x->source->trust.now_s;
	c->lag_s = c->version < now->version ? now->created_s - c->created_s : 0;
	if (c->expired || c->lag_s > x->o->lag_max_s)
		raise_to(c, MIRROR_LAGGING);
	return 0;
}

static int look_at_catalog(struct checking *x, struct err *e)
{
	const struct trust_object *o = &x->current.catalog;
	auto_buf struct buf text = BUF_INIT(o->size);
	struct err why;

	if (o->size > CATALOG_MAX)
		return err_set(e, ERR_LIMIT, "a catalog of %" PRIu64 " bytes", o->size);
	x->out->checked++;
	if (repo_object(&x->there, "the catalog", o, &text, &why) == 0 &&
		trust_catalog(&x->source->trust, &x->current, buf_bytes(&text),
			&x->catalog, &why) == 0)
		return 0;
	return judge(x, o->path, &why, e) < 0 ? -1 : 1;
}

/* ---- files */

/* What has no bytes is no download. */
static int look_at_empty(struct checking *x, const char *path, struct err *e)
{
	auto_buf struct buf nothing = BUF_INIT(1);
	struct err why;

	x->out->checked++;
	if (fetch_document(x->there.fetch, x->remote.url, path, &nothing, &why) < 0)
		return judge(x, path, &why, e);
	if (nothing.len == 0)
		return 0;
	(void)!err_set(&why, ERR_UNTRUSTED, "not trusted: it is not empty");
	return judge(x, path, &why, e);
}

static int look_at_file(struct checking *x, const struct doc_file *file, struct err *e)
{
	auto_verified struct verified got = VERIFIED_INIT;
	struct err why;

	if (file->size == 0)
		return look_at_empty(x, file->path, e);
	x->out->checked++;
	x->out->checked_bytes += file->size;
	if (repo_file(&x->there, file, x->scratch_fd, NULL, &got, &why) < 0 &&
		judge(x, file->path, &why, e) < 0)
		return -1;
	repo_file_forget(file, x->scratch_fd);
	return 0;
}

static int look_at_delta(struct checking *x, const struct doc_delta *d, struct err *e)
{
	struct doc_file file = {
		.name = d->path, .path = d->path, .size = d->size, .sha256 = d->sha256
	};

	return look_at_file(x, &file, e);
}

static int look_at_build(struct checking *x, const struct doc_build *b, struct err *e)
{
	for (size_t i = 0; i < b->file_count; i++)
		if (look_at_file(x, &b->file[i], e) < 0)
			return -1;
	for (size_t i = 0; i < b->delta_count; i++)
		if (look_at_delta(x, &b->delta[i], e) < 0)
			return -1;
	return 0;
}

static size_t dice(size_t count)
{
	uint32_t n = 0;

	(void)!getrandom(&n, sizeof(n), 0);
	return n % count;
}

static int look_at_builds(struct checking *x, const struct imagedoc *doc, struct err *e)
{
	const struct doc_build *newest = imagedoc_build(doc, "", "");

	if (!x->o->full)
		return newest && newest->file_count
			       ? look_at_file(
					 x, &newest->file[dice(newest->file_count)], e)
			       : 0;
	for (size_t i = 0; i < doc->build_count; i++)
		if (strcmp(doc->build[i].state, "active") == 0 &&
			look_at_build(x, &doc->build[i], e) < 0)
			return -1;
	return 0;
}

static int look_at_history(struct checking *x, const struct catdoc_line *line,
	const struct trust_object *o, struct err *e)
{
	auto_imagedoc struct imagedoc doc = { 0 };
	auto_buf struct buf text =
		BUF_INIT(o->size < CATALOG_MAX ? o->size : CATALOG_MAX);
	struct err why;

	x->out->checked++;
	if (repo_object(&x->there, "older builds", o, &text, &why) == 0 &&
		repo_read_image(line, buf_bytes(&text), &doc, &why) == 0)
		return look_at_builds(x, &doc, e);
	return judge(x, o->path, &why, e);
}

static int look_at_image(
	struct checking *x, const struct catdoc_line *line, struct err *e)
{
	auto_imagedoc struct imagedoc doc = { 0 };
	char path[LAYOUT_PATH_MAX];
	struct err why;

	layout_object(&line->doc, path);
	x->out->checked++;
	if (repo_image(&x->there, line, &doc, &why) < 0)
		return judge(x, path, &why, e);
	if (look_at_builds(x, &doc, e) < 0)
		return -1;
	for (size_t i = 0; x->o->full && i < doc.history_count; i++)
		if (look_at_history(x, line, &doc.history[i].object, e) < 0)
			return -1;
	return 0;
}

static bool is_selected(const struct checking *x, const struct image *i)
{
	char name[IMAGE_NAME_MAX];

	image_format(i, name);
	for (size_t k = 0; k < x->o->pattern_count; k++)
		if (pattern_matches(x->o->pattern[k], name))
			return true;
	return x->o->pattern_count == 0;
}

/* Those that are selected, or of them so many by lot. */
static int look_at_images(struct checking *x, struct err *e)
{
	auto_free const struct catdoc_line **line =
		xcalloc(x->catalog.line_count + 1, sizeof(*line));
	size_t count = 0, want;

	for (size_t i = 0; i < x->catalog.line_count; i++)
		if (is_selected(x, &x->catalog.line[i].image))
			line[count++] = &x->catalog.line[i];
	want = x->o->full || (uint64_t)x->o->sample > count ? count
							    : (size_t)x->o->sample;
	for (size_t i = 0; i < want; i++) {
		size_t k = i + dice(count - i);
		const struct catdoc_line *chosen = line[k];

		line[k] = line[i];
		line[i] = chosen;
		if (look_at_image(x, chosen, e) < 0)
			return -1;
		x->o->progress(x->o->ctx, i + 1, want);
	}
	return 0;
}

/* What clients of other kinds read. */
static int look_at_indexes(struct checking *x, struct err *e)
{
	const struct trust_object *o = &x->current.files;
	auto_arena struct arena arena = { 0 };
	auto_buf struct buf text =
		BUF_INIT(o->size < FILES_DOC_MAX ? o->size : FILES_DOC_MAX);
	struct trust_object *file;
	size_t count = 0;
	struct err why;

	x->out->checked++;
	if (repo_object(&x->there, "the list of files", o, &text, &why) < 0 ||
		files_parse(buf_bytes(&text), &arena, &file, &count, &why) < 0)
		return judge(x, o->path, &why, e);
	for (size_t i = 0; i < count; i++) {
		struct doc_file f = { .name = file[i].path,
			.path = file[i].path,
			.size = file[i].size,
			.sha256 = file[i].sha256 };

		if (look_at_file(x, &f, e) < 0)
			return -1;
	}
	return 0;
}

/* ---- all of it */

static int look(struct checking *x, struct err *e)
{
	int rc = look_at_current(x, e);

	if (rc == 0)
		rc = look_at_catalog(x, e);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (look_at_images(x, e) < 0)
		return -1;
	return x->o->pattern_count ? 0 : look_at_indexes(x, e);
}

int mirrorcheck_run(struct repo *source, const char *url,
	const struct mirrorcheck_options *o, struct mirrorcheck *out, struct err *e)
{
	struct checking x = { .o = o,
		.out = out,
		.source = source,
		.remote = *source->remote,
		.there = *source };
	auto_fd int cache_fd = home_open(PLACE_CACHE, e), scratch_fd = -1;
	struct err ignored;
	char name[32];
	int rc;

	memset(out, 0, sizeof(*out));
	x.remote.url = url;
	x.there.remote = &x.remote;
	x.there.options.note = NULL;
	memset(&x.there.catalog, 0, sizeof(x.there.catalog));
	/* a fresh place: what an earlier download left there tells nothing of this mirror */
	if (cache_fd < 0 || fs_mkdtemp_at(cache_fd, "check", name, sizeof(name), e) < 0)
		return -1;
	scratch_fd = x.scratch_fd = fs_open_dir_at(cache_fd, name, e);
	rc = scratch_fd < 0 ? -1 : look(&x, e);
	current_release(&x.current);
	catdoc_release(&x.catalog);
	if (rc < 0) {
		mirrorcheck_release(out);
		(void)!fs_remove_tree(cache_fd, name, &ignored);
		return -1;
	}
	return fs_remove_tree(cache_fd, name, e);
}
