#include "client/image/mirror.h"

#include "lib/adapt/zst.h"
#include "lib/model/layout.h"
#include "lib/model/sums.h"

#include <inttypes.h>

/* As repo.c asks for it. */
#define COMPANION_FROM  (64U << 10)
#define COMPANION_LEVEL 19
#define SUMS            "SHA256SUMS"
#define SUMS_MAX        (64U << 10)
#define FILES_DOC_MAX   (16U << 20)

/* ---- builds */

static int not_its_place(const char *path, struct err *e)
{
	return err_set(e, ERR_UNTRUSTED,
		"not trusted: '%s' is not where such a file lies in a tree", path);
}

/* Names come from a signed document; that they stay in their directory is ours to see. */
static int want_file(struct mirror *m, const struct imagedoc *doc,
	const struct doc_build *b, const char *name, const struct trust_object *o,
	const char *const *signature, struct err *e)
{
	struct mirrorwant w = {
		.content = *o, .source = o->path, .signature = signature
	};
	char path[LAYOUT_PATH_MAX];
	struct relpath checked;

	if (relpath_parse(name, &checked, e) < 0 || !relpath_is_portable(&checked) ||
		strchr(name, '/') || name[0] == '.')
		return not_its_place(o->path, e);
	layout_artifact(&doc->image, b->serial, name, path);
	if (strcmp(path, o->path) != 0)
		return not_its_place(o->path, e);
	mirror_want(m, &w);
	return 0;
}

/* SHA256SUMS follows from the document; that it does is what its signature proves. */
static void want_sums(
	struct mirror *m, const struct imagedoc *doc, const struct doc_build *b)
{
	auto_buf struct buf text = BUF_INIT(SUMS_MAX);
	char path[LAYOUT_PATH_MAX];
	struct mirrorwant w = { .content = { .path = path },
		.signature = mirror_sums_signature };

	for (size_t i = 0; i < b->file_count; i++)
		sums_line(&text, &b->file[i].sha256, b->file[i].name);
	layout_artifact(&doc->image, b->serial, SUMS, path);
	w.text = buf_bytes(&text);
	w.content.size = text.len;
	w.content.sha256 = digest_of(w.text);
	mirror_want(m, &w);
}

static int want_build(struct mirror *m, const struct imagedoc *doc,
	const struct doc_build *b, struct err *e)
{
	for (size_t i = 0; i < b->file_count; i++) {
		const struct doc_file *f = &b->file[i];
		struct trust_object o = {
			.path = f->path, .size = f->size, .sha256 = f->sha256
		};

		if (want_file(m, doc, b, f->name, &o, mirror_signature, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < b->delta_count; i++) {
		const struct doc_delta *d = &b->delta[i];
		const char *slash = strrchr(d->path, '/');
		struct trust_object o = {
			.path = d->path, .size = d->size, .sha256 = d->sha256
		};

		if (want_file(m, doc, b, slash ? slash + 1 : d->path, &o, NULL, e) < 0)
			return -1;
	}
	if (b->file_count)
		want_sums(m, doc, b);
	m->done->builds++;
	return 0;
}

/* The newest of them first, *left more. */
static int want_builds(
	struct mirror *m, const struct imagedoc *doc, int64_t *left, struct err *e)
{
	for (size_t i = 0; i<doc->build_count && * left> 0; i++) {
		if (strcmp(doc->build[i].state, "active") != 0)
			continue;
		--*left;
		if (want_build(m, doc, &doc->build[i], e) < 0)
			return -1;
	}
	return 0;
}

/* ---- documents */

/* What clients fetch instead of a large document. */
static int keep_companion(
	struct mirror *m, const char *path, struct bytes text, struct err *e)
{
	auto_free char *name = xasprintf("%s.zst", path);
	auto_buf struct buf packed = BUF_INIT(text.len + 4096);
	const struct mirrorline *l = mirrorlist_find(&m->known, name);

	if (text.len < COMPANION_FROM)
		return 0;
	if (l && m->dest->ops->has(m->dest, &l->content)) {
		mirrorlist_add(&m->keep, &l->content, 0);
		return 0;
	}
	if (zst_encode(text, COMPANION_LEVEL, &packed, e) < 0)
		return -1;
	return mirror_text(m, name, buf_bytes(&packed), e);
}

static int keep_document(struct mirror *m, const char *what, const struct trust_object *o,
	struct buf *text, struct err *e)
{
	char path[LAYOUT_PATH_MAX];

	layout_object(&o->sha256, path);
	if (strcmp(path, o->path) != 0)
		return not_its_place(o->path, e);
	if (mirrorcrew_document(m->crew, what, o, text, e) < 0)
		return -1;
	return keep_companion(m, path, buf_bytes(text), e);
}

static int take_older(struct mirror *m, const struct catdoc_line *line,
	const struct trust_object *o, int64_t *left, bool selected, struct err *e)
{
	auto_imagedoc struct imagedoc doc = { 0 };
	auto_buf struct buf text = BUF_INIT(o->size);

	if (o->size > CATALOG_MAX)
		return err_set(e, ERR_UNTRUSTED,
			"not trusted: older builds of %" PRIu64 " bytes", o->size);
	if (keep_document(m, "older builds", o, &text, e) < 0 ||
		repo_read_image(line, buf_bytes(&text), &doc, e) < 0)
		return -1;
	return selected ? want_builds(m, &doc, left, e) : 0;
}

/* Documents of all images are there, so that the mirror's catalog names nothing that is not. */
static int take_image(struct mirror *m, const struct catdoc_line *line, struct err *e)
{
	auto_imagedoc struct imagedoc doc = { 0 };
	auto_buf struct buf text = BUF_INIT(line->doc_size);
	char path[LAYOUT_PATH_MAX];
	struct trust_object o = {
		.path = path, .size = line->doc_size, .sha256 = line->doc
	};
	int64_t left = m->o->builds > 0 ? m->o->builds : INT64_MAX;
	bool selected = mirror_is_selected(m, &line->image);

	layout_object(&line->doc, path);
	if (line->doc_size > IMAGE_DOC_MAX)
		return err_set(e, ERR_UNTRUSTED,
			"not trusted: an image document of %" PRIu64 " bytes", o.size);
	if (keep_document(m, "the image document", &o, &text, e) < 0 ||
		repo_read_image(line, buf_bytes(&text), &doc, e) < 0)
		return -1;
	m->done->images += selected;
	if (selected && want_builds(m, &doc, &left, e) < 0)
		return -1;
	for (size_t i = 0; i < doc.history_count; i++)
		if (take_older(m, line, &doc.history[i].object, &left, selected, e) < 0)
			return -1;
	return 0;
}

static int take_images(struct mirror *m, struct err *e)
{
	const struct current *c = &m->repo.current;
	auto_buf struct buf text = BUF_INIT(c->catalog.size);

	if (keep_document(m, "the catalog", &c->catalog, &text, e) < 0)
		return -1;
	for (size_t i = 0; i < m->repo.catalog.line_count; i++) {
		const struct catdoc_line *line = &m->repo.catalog.line[i];
		char name[IMAGE_NAME_MAX];

		image_format(&line->image, name);
		if (take_image(m, line, e) < 0)
			return err_wrap(e, "'%s'", name);
		out_step(m->out, "documents", i + 1, m->repo.catalog.line_count, "");
	}
	out_step_done(m->out, "documents", "%zu, verified", m->repo.catalog.line_count);
	if (m->o->pattern_count && m->done->images == 0)
		return err_set(e, ERR_NOTFOUND,
			"no image of '%s' matches; see what there is with 'rootyard "
			"list'",
			m->o->remote->name);
	return 0;
}

/* ---- the generation */

static void in_generation(
	const struct mirror *m, const char *path, char *out, size_t size)
{
	if (m->dest->has_switch)
		snprintf(out, size, LAYOUT_GEN "/%" PRId64 "/%s",
			m->repo.current.generation, path);
	else
		snprintf(out, size, "%s", path);
}

/* Is it one of the links, or in the directory behind one? */
static bool is_of_generation(const char *path)
{
	for (size_t i = 0; i < layout_link_count; i++) {
		const struct layout_link *l = &layout_links[i];
		size_t len = strlen(l->inside);

		if (strncmp(path, l->inside, len) == 0 &&
			(path[len] == '\0' || (l->is_dir && path[len] == '/')))
			return strcmp(path, LAYOUT_CURRENT) != 0;
	}
	return false;
}

static int want_of_generation(
	struct mirror *m, const struct trust_object *o, struct err *e)
{
	struct mirrorwant w = { .content = *o, .source = o->path };
	char path[LAYOUT_PATH_MAX];
	struct relpath checked;

	if (relpath_parse(o->path, &checked, e) < 0 || !relpath_is_portable(&checked) ||
		!is_of_generation(o->path))
		return not_its_place(o->path, e);
	in_generation(m, o->path, path, sizeof(path));
	w.content.path = path;
	mirror_want(m, &w);
	return 0;
}

/* A mirror of some images has the indexes of none but our own clients: the others list what is not
 * there, and nobody but the source can sign shorter ones. */
static int take_generation(struct mirror *m, struct err *e)
{
	const struct trust_object *files = &m->repo.current.files;
	auto_arena struct arena arena = { 0 };
	auto_buf struct buf text = BUF_INIT(files->size);
	struct trust_object *file;
	size_t count;

	if (files->size > FILES_DOC_MAX)
		return err_set(e, ERR_UNTRUSTED,
			"not trusted: a list of files of %" PRIu64 " bytes", files->size);
	if (keep_document(m, "the list of files", files, &text, e) < 0)
		return -1;
	if (files_parse(buf_bytes(&text), &arena, &file, &count, e) < 0) {
		e->code = ERR_UNTRUSTED;
		return err_wrap(e, "not trusted: the list of files");
	}
	if (m->o->pattern_count || m->o->builds)
		return 0;
	for (size_t i = 0; i < count; i++)
		if (want_of_generation(m, &file[i], e) < 0)
			return -1;
	return mirror_fetch(m, e);
}

/* The payload, under its digest, is a link of the chain that can be walked back. */
static int keep_payload(struct mirror *m, struct err *e)
{
	auto_envelope struct envelope env = { 0 };
	char path[LAYOUT_PATH_MAX];
	struct digest d;

	if (envelope_parse(buf_bytes(&m->repo.current_text), &env, e) < 0)
		return -1;
	d = digest_of(env.payload);
	layout_object(&d, path);
	return mirror_text(m, path, env.payload, e);
}

/* `current` comes last: with the generation, or, where that is there already, by itself. */
static int switch_to(struct mirror *m, struct err *e)
{
	struct bytes text = buf_bytes(&m->repo.current_text);
	char path[LAYOUT_PATH_MAX];
	struct trust_object o = {
		.path = path, .size = text.len, .sha256 = digest_of(text)
	};
	struct mirrordest *d = m->dest;

	in_generation(m, LAYOUT_CURRENT, path, sizeof(path));
	mirrorlist_add(&m->keep, &o, 0);
	if (mirror_settle(m, e) < 0)
		return -1;
	if (m->o->dry_run)
		return 0;
	if (!d->ops->has(d, &o) && d->ops->write(d, path, text, e) < 0)
		return -1;
	if (d->ops->sync(d, e) < 0)
		return -1;
	return d->has_switch ? d->ops->flip(d, m->repo.current.generation, e) : 0;
}

/* ---- all of it */

static int open_crew(
	struct mirror *m, struct verifier *v, const char **fprs, struct err *e)
{
	const struct trust *t = &m->repo.trust;
	struct mirrorcrew_settings s = { .repo = &m->repo,
		.dest = m->dest,
		.known = &m->known,
		.keep = &m->keep,
		.verifier = v,
		.role = trust_role_at(&t->root, TRUST_PUBLISH, t->now_s, fprs),
		.now_s = t->now_s,
		.recheck = m->known.kind && m->known.keys != t->root.version,
		.dry_run = m->o->dry_run,
		.lines = m->o->lines,
		.out = m->out };

	m->keep.keys = t->root.version;
	return mirrorcrew_open(&s, &m->crew, e);
}

int mirror_signed(struct mirror *m, struct err *e)
{
	const struct trust_root *root = &m->repo.trust.root;
	auto_verifier struct verifier *v = NULL;
	struct bytes keys[TRUST_KEYS_MAX];
	const char *fprs[TRUST_KEYS_MAX];
	int rc;

	m->done->generation = m->repo.current.generation;
	m->done->version = m->repo.current.version;
	for (size_t i = 0; i < root->key_count; i++)
		keys[i] = root->key[i].armor;
	if (mirror_trust(m, e) < 0 || verifier_open(keys, root->key_count, &v, e) < 0 ||
		open_crew(m, v, fprs, e) < 0)
		return -1;
	rc = take_images(m, e) < 0 || mirror_fetch(m, e) < 0 ||
			     take_generation(m, e) < 0 || keep_payload(m, e) < 0 ||
			     switch_to(m, e) < 0
		     ? -1
		     : 0;
	m->done->work = *mirrorcrew_done(m->crew);
	mirrorcrew_close(&m->crew);
	return rc;
}
