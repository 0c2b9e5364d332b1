#include "builder/registry.h"

#include "builder/confined.h"
#include "builder/evidence.h"

#include "lib/base/fs.h"

#define DEPTH_MAX 4
#define LAYER_MAX (16LL << 30)
#define ARCH_MAX  32

static const char *const manifest_types[] = { OCI_INDEX, OCI_MANIFEST, DOCKER_LIST,
	DOCKER_MANIFEST, NULL };

/* ---- what the confined child finds out */

struct parsed {
	bool is_index;
	struct oci_blob next, config;
	struct oci_blob layer[REGISTRY_LAYERS_MAX];
	size_t count;
};

struct question {
	struct bytes text;
	const char *arch;
	const struct oci_platform *platform;
};

static struct oci_blob blob_of(const struct oci_descriptor *d)
{
	return (struct oci_blob){ .sha256 = d->sha256, .size = d->size };
}

/* Silence about the variant is consent; silence about all is a matter of the config. */
static bool fits(const struct oci_descriptor *d, const struct oci_platform *p)
{
	if (!*d->architecture)
		return true;
	return strcmp(d->architecture, p->architecture) == 0 &&
	       (!*d->os || strcmp(d->os, "linux") == 0) &&
	       (!*d->variant || !*p->variant || strcmp(d->variant, p->variant) == 0);
}

static int choose(const struct oci_doc *d, const struct question *q, struct parsed *out,
	struct err *e)
{
	for (size_t i = 0; i < d->count; i++)
		if (fits(&d->item[i], q->platform)) {
			out->is_index = true;
			out->next = blob_of(&d->item[i]);
			return 0;
		}
	return err_set(e, ERR_NOTFOUND, "it has no image for '%s'", q->arch);
}

static int parse_manifest(void *ctx, void *result, struct err *e)
{
	const struct question *q = ctx;
	auto_oci_doc struct oci_doc d = { .count = 0 };
	struct parsed *out = result;

	if (oci_parse_foreign(q->text, &d, e) < 0) {
		e->code = ERR_UPSTREAM;
		return -1;
	}
	if (strcmp(d.media_type, OCI_INDEX) == 0)
		return choose(&d, q, out, e);
	if (d.count == 0 || d.count > REGISTRY_LAYERS_MAX)
		return err_set(e, ERR_UPSTREAM, "it has %zu layers, 1 to %d are allowed",
			d.count, REGISTRY_LAYERS_MAX);
	out->config = blob_of(&d.config);
	out->count = d.count;
	for (size_t i = 0; i < d.count; i++)
		out->layer[i] = blob_of(&d.item[i]);
	return 0;
}

static int parse_config(void *ctx, void *result, struct err *e)
{
	const struct question *q = ctx;

	if (oci_config_arch(q->text, result, ARCH_MAX, e) == 0)
		return 0;
	e->code = ERR_UPSTREAM;
	return -1;
}

static int ask(int (*parse)(void *ctx, void *out, struct err *e), struct question *q,
	void *out, size_t out_size, struct err *e)
{
	const struct confined c = {
		.run = parse, .ctx = q, .out = out, .out_size = out_size, .tree_dir = -1
	};

	return confined_run(&c, e);
}

/* ---- documents */

static const char *digest_text(struct job *j, const struct digest *d)
{
	char hex[DIGEST_HEX];

	digest_hex(d, hex);
	return arena_printf(&j->arena, "sha256:%s", hex);
}

static int read_document(int fd, const char *url, struct buf *out, struct err *e)
{
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, "cannot rewind '%s'", url);
	return fs_read_fd(fd, url, out, e);
}

/* By its digest when it is known, and then perhaps without asking anybody. */
static int get_document(struct job *j, const char *url, const struct digest *want,
	const char *const *accept, struct buf *out, struct err *e)
{
	const struct wanted w = { .url = url,
		.sha256 = want,
		.by = "who names it says",
		.max_bytes = OCI_DOC_MAX,
		.accept = accept,
		.registry = true };
	auto_fetched struct fetched f = FETCHED_INIT;
	auto_fd int fd = -1;

	if (want)
		return fetched_get(j, &w, &f, e) < 0 ? -1
						     : read_document(f.fd, url, out, e);
	if (fetched_document(j, url, accept, true, &fd, e) < 0)
		return -1;
	return read_document(fd, url, out, e);
}

static const char *manifest_url(
	struct job *j, const struct ociref *r, const struct digest *digest)
{
	return arena_printf(&j->arena, "%s/v2/%s/manifests/%s", r->base, r->repo,
		digest ? digest_text(j, digest) : r->tag);
}

static const char *blob_url(
	struct job *j, const struct ociref *r, const struct digest *digest)
{
	return arena_printf(
		&j->arena, "%s/v2/%s/blobs/%s", r->base, r->repo, digest_text(j, digest));
}

/* One manifest or index; notes it as a source. */
static int read_manifest(struct job *j, const struct registry_image *i,
	const struct digest *want, struct parsed *out, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(OCI_DOC_MAX);
	struct question q = { .arch = j->image.arch,
		.platform = oci_platform_of(j->image.arch) };
	const char *url = manifest_url(j, i->ref, want);
	struct digest got;

	if (!q.platform)
		return err_set(e, ERR_RECIPE,
			"container registries have no name for the architecture '%s'",
			q.arch);
	if (get_document(j, url, want, manifest_types, &text, e) < 0)
		return -1;
	got = digest_of(buf_bytes(&text));
	q.text = buf_bytes(&text);
	*out = (struct parsed){ .count = 0 };
	if (ask(parse_manifest, &q, out, sizeof(*out), e) < 0)
		return err_wrap(e, "'%s'", url);
	if (out->count > REGISTRY_LAYERS_MAX)
		return err_set(e, ERR_UPSTREAM, "'%s' has too many layers", url);
	job_source(j, "index", manifest_url(j, i->ref, &got), &got,
		i->proven ? "sha256" : "none");
	return 0;
}

static int check_config(struct job *j, const struct registry_image *i, struct err *e)
{
	const struct oci_platform *platform = oci_platform_of(j->image.arch);
	const char *url = blob_url(j, i->ref, &i->config.sha256);
	auto_buf struct buf text = BUF_INIT(OCI_DOC_MAX);
	struct question q = { .arch = j->image.arch };
	char arch[ARCH_MAX] = "";

	if (get_document(j, url, &i->config.sha256, NULL, &text, e) < 0)
		return -1;
	q.text = buf_bytes(&text);
	if (ask(parse_config, &q, arch, sizeof(arch), e) < 0)
		return err_wrap(e, "'%s'", url);
	arch[sizeof(arch) - 1] = '\0';
	if (*arch && platform && strcmp(arch, platform->architecture) != 0)
		return err_set(e, ERR_UPSTREAM, "the image is of '%s', not of '%s'", arch,
			platform->architecture);
	return 0;
}

/* ---- the image */

/* What proves it, before anything is asked for. */
static int find_proof(struct job *j, const char *text, const struct ociref *ref,
	struct digest *want, bool *proven, struct err *e)
{
	const char *pin = evidence_pin(j, text);

	*proven = true;
	if (pin && digest_parse(pin, want, e) < 0)
		return -1;
	if (pin && ref->has_digest && !digest_equal(want, &ref->digest))
		return err_set(e, ERR_RECIPE,
			"'%s' has another digest than releases.yaml pins for it", text);
	if (pin)
		return 0;
	*want = ref->digest;
	*proven = ref->has_digest;
	return *proven ? 0 : evidence_missing(j, text, e);
}

int registry_find(struct job *j, const char *text, const struct ociref *ref,
	struct registry_image *out, struct err *e)
{
	struct registry_image i = { .ref = ref };
	auto_free struct parsed *p = xcalloc(1, sizeof(*p));
	struct digest want;
	bool known;

	if (find_proof(j, text, ref, &want, &i.proven, e) < 0)
		return -1;
	known = i.proven;
	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		if (read_manifest(j, &i, known ? &want : NULL, p, e) < 0)
			return -1;
		if (!p->is_index) {
			i.config = p->config;
			i.count = p->count;
			memcpy(i.layer, p->layer, sizeof(i.layer));
			if (check_config(j, &i, e) < 0)
				return -1;
			*out = i;
			return 0;
		}
		want = p->next.sha256;
		known = true;
	}
	return err_set(
		e, ERR_UPSTREAM, "'%s': more than %d indexes in a row", text, DEPTH_MAX);
}

int registry_layer(struct job *j, const struct registry_image *i, size_t n,
	struct fetched *out, struct err *e)
{
	const struct oci_blob *layer = &i->layer[n];
	const struct wanted w = { .url = blob_url(j, i->ref, &layer->sha256),
		.sha256 = &layer->sha256,
		.by = "its manifest says",
		.max_bytes = layer->size && layer->size < (uint64_t)LAYER_MAX
				     ? (int64_t)layer->size
				     : LAYER_MAX,
		.registry = true };

	if (fetched_get(j, &w, out, e) < 0)
		return -1;
	job_source(j, "tarball", w.url, &layer->sha256, i->proven ? "sha256" : "none");
	return 0;
}
