#include "client/image/repo.h"

#include "client/image/home.h"
#include "client/image/partial.h"
#include "client/image/url.h"
#include "lib/adapt/zst.h"
#include "lib/base/fs.h"
#include "lib/model/layout.h"

#include <fcntl.h>
#include <inttypes.h>
#include <time.h>

/* From here on the compressed companion of a document saves more than the request that is
 * lost where there is none. */
#define COMPANION_FROM (64U << 10)
#define BASES_MAX      9
#define TOKEN_MAX      4096

void repo_release(struct repo *r)
{
	catdoc_release(&r->catalog);
	foreign_release(&r->foreign);
	current_release(&r->current);
	trust_release(&r->trust);
	fetcher_close(&r->fetch);
	buf_release(&r->current_text);
	if (r->state_fd >= 0)
		close(r->state_fd);
}

/* A token goes over a line that nobody else reads, or nowhere. */
static int read_token(const struct remote *remote, struct buf *out, struct err *e)
{
	auto_fd int fd = -1;

	if (!remote->token_file)
		return 0;
	if (strncmp(remote->url, "https:", 6) != 0)
		return err_set(e, ERR_USAGE,
			"the remote '%s' has a token and no TLS: its url must begin with "
			"https://",
			remote->name);
	fd = open(remote->token_file, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "cannot open '%s'", remote->token_file);
	if (fs_read_fd(fd, remote->token_file, out, e) < 0)
		return -1;
	out->data[strcspn(buf_str(out), "\r\n")] = '\0';
	if (!*buf_str(out))
		return err_set(e, ERR_USAGE, "'%s' holds no token", remote->token_file);
	return 0;
}

static int timeout_s(void)
{
	const char *text = getenv("ROOTYARD_TIMEOUT");
	long n = text ? strtol(text, NULL, 10) : 0;

	return n > 0 && n <= 3600 ? (int)n : 0;
}

int repo_connect(const struct repo *r, struct fetcher **out, struct err *e)
{
	const struct remote *remote = r->remote;
	auto_buf struct buf token = BUF_INIT(TOKEN_MAX);
	struct fetch_settings s = {
		.ca = remote->ca,
		.insecure_transport = remote->insecure_transport,
		.base = remote->url,
		.cert = remote->cert,
		.key = remote->key ? remote->key : remote->cert,
		.rate_max = r->options.rate_max,
		.timeout_s = timeout_s(),
	};

	buf_add_str(&token, "");
	if (read_token(remote, &token, e) < 0)
		return -1;
	s.token = token.len > 0 ? buf_str(&token) : NULL;
	return fetcher_open(&s, out, e);
}

/* ---- roots and current */

static int walk_roots(struct repo *r, struct err *e)
{
	for (unsigned int i = 0; i < TRUST_CHAIN_MAX; i++) {
		auto_buf struct buf text = BUF_INIT(TRUST_DOC_MAX);
		int64_t next = r->trust.root.version + 1;
		char path[LAYOUT_PATH_MAX];

		layout_root(next, path);
		if (fetch_document(r->fetch, r->remote->url, path, &text, e) < 0) {
			if (e->code != ERR_NOTFOUND)
				return -1;
			return trust_check_root(&r->trust, e);
		}
		if (trust_step(&r->trust, buf_bytes(&text), e) < 0)
			return err_wrap(e, "not trusted: trust/root.%" PRId64, next);
	}
	return err_set(e, ERR_UNTRUSTED, "not trusted: more than %d roots in a chain",
		TRUST_CHAIN_MAX);
}

static int refresh(struct repo *r, struct err *e)
{
	struct buf *text = &r->current_text;

	if (walk_roots(r, e) < 0)
		return -1;
	text->ceiling = TRUST_DOC_MAX;
	if (fetch_document(r->fetch, r->remote->url, LAYOUT_CURRENT, text, e) < 0) {
		if (e->code == ERR_NOTFOUND)
			e->code = ERR_NETWORK;
		return -1;
	}
	return trust_current(&r->trust, buf_bytes(text), &r->current, e);
}

static int pin_root(
	struct repo *r, struct bytes root_text, int64_t clock_s, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(TRUST_DOC_MAX);
	char path[LAYOUT_PATH_MAX];

	if (!r->remote->fingerprint) {
		if (trust_pin(r->state_fd, r->remote->name, clock_s, root_text, NULL,
			    &r->trust, e) < 0)
			return err_wrap(e, "not trusted: '%s'", r->remote->root);
		return 0;
	}
	layout_root(1, path);
	if (fetch_document(r->fetch, r->remote->url, path, &text, e) < 0) {
		if (e->code == ERR_NOTFOUND)
			e->code = ERR_NETWORK;
		return -1;
	}
	if (trust_pin(r->state_fd, r->remote->name, clock_s, buf_bytes(&text),
		    r->remote->fingerprint, &r->trust, e) < 0)
		return err_wrap(e, "not trusted: trust/root.1");
	return 0;
}

int repo_pin(const struct remote *remote, int state_fd, struct bytes root_text,
	struct repo *out, struct err *e)
{
	auto_repo struct repo r = { .remote = remote, .state_fd = state_fd };

	if (repo_connect(&r, &r.fetch, e) < 0 ||
		pin_root(&r, root_text, (int64_t)time(NULL), e) < 0 || refresh(&r, e) < 0)
		return -1;
	*out = r;
	r = (struct repo)REPO_INIT;
	return 0;
}

static int state_is_gone(const struct remote *remote, struct err *e)
{
	return err_set(e, ERR_DAMAGED,
		"what was remembered of the remote '%s' is gone: remove it with "
		"'rootyard "
		"remote rm %s' and add it again",
		remote->name, remote->name);
}

/* A remote that a package ships is pinned by what the package says, on first use; the
 * user's own was pinned when it was added, and its state must be there. */
static int stand(struct repo *r, int64_t clock_s, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(TRUST_DOC_MAX);
	auto_fd int base_fd = home_open(PLACE_STATE, e);
	const struct remote *remote = r->remote;
	bool known;

	if (base_fd < 0)
		return -1;
	known = fs_exists_at(base_fd, remote->name);
	if (!known && remote->own)
		return state_is_gone(remote, e);
	r->state_fd = home_subdir(base_fd, remote->name, e);
	if (r->state_fd < 0)
		return -1;
	if (trust_load(r->state_fd, remote->name, clock_s, &r->trust, e) == 0)
		return 0;
	if (e->code != ERR_NOTFOUND)
		return -1;
	if (remote->own)
		return state_is_gone(remote, e);
	if (remote->root) {
		auto_fd int dir_fd = fs_open_dir("/", e);

		if (dir_fd < 0 || fs_read_at(dir_fd, remote->root + 1, &text, e) < 0)
			return err_wrap(e, "cannot read '%s'", remote->root);
	}
	return pin_root(r, buf_bytes(&text), clock_s, e);
}

int repo_open(const struct remote *remote, const struct repo_options *options,
	struct repo *out, struct err *e)
{
	auto_repo struct repo r = { .remote = remote, .state_fd = -1 };

	if (options)
		r.options = *options;

	if (repo_connect(&r, &r.fetch, e) < 0)
		return -1;
	if (remote_kind(remote) != REMOTE_ROOTYARD)
		r.trust.now_s = (int64_t)time(NULL);
	else if (stand(&r, (int64_t)time(NULL), e) < 0 || refresh(&r, e) < 0)
		return -1;
	*out = r;
	r = (struct repo)REPO_INIT;
	return 0;
}

/* ---- documents named by content */

/* Where to look: the remote itself, then the mirrors of a verified catalog. */
static size_t bases_of(const struct repo *r, const char *out[BASES_MAX])
{
	size_t n = 0;
	struct err ignored;

	out[n++] = r->remote->url;
	for (size_t i = 0; i < r->catalog.mirror_count && n < BASES_MAX; i++)
		if (strcmp(r->catalog.mirror[i], r->remote->url) != 0 &&
			url_check(r->catalog.mirror[i], r->remote->insecure_transport,
				&ignored) == 0)
			out[n++] = r->catalog.mirror[i];
	return n;
}

/* Of two failures the one to tell: not trusted before anything else, else the first. */
static void keep_worst(struct err *worst, const struct err *next, size_t nth)
{
	if (nth == 0 || (next->code == ERR_UNTRUSTED && worst->code != ERR_UNTRUSTED))
		*worst = *next;
}

static int listed_but_missing(const struct repo *r, const char *what, struct err *e)
{
	e->code = ERR_AGAIN;
	return err_wrap(e, "generation %" PRId64 " of '%s' lists %s",
		r->current.generation, r->remote->name, what);
}

static int fetch_companion(struct repo *r, const char *base,
	const struct trust_object *object, struct buf *out, struct err *e)
{
	auto_free char *path = xasprintf("%s.zst", object->path);
	auto_buf struct buf packed = BUF_INIT(object->size + 4096);

	if (fetch_document(r->fetch, base, path, &packed, e) < 0)
		return -1;
	if (zst_decode(buf_bytes(&packed), out, e) < 0) {
		e->code = ERR_UNTRUSTED;
		return err_wrap(e, "not trusted: '%s'", path);
	}
	return 0;
}

static int fetch_object(struct repo *r, const char *base, const char *what,
	const struct trust_object *object, struct buf *out, struct err *e)
{
	buf_clear(out);
	if (object->size < COMPANION_FROM ||
		fetch_companion(r, base, object, out, e) < 0) {
		if (object->size >= COMPANION_FROM && e->code != ERR_NOTFOUND)
			return -1;
		buf_clear(out);
		if (fetch_document(r->fetch, base, object->path, out, e) < 0)
			return -1;
	}
	return trust_object_check(what, &object->sha256, object->size, buf_bytes(out), e);
}

int repo_object(struct repo *r, const char *what, const struct trust_object *object,
	struct buf *out, struct err *e)
{
	const char *base[BASES_MAX];
	size_t count = bases_of(r, base);
	struct err worst = { 0 };

	for (size_t i = 0; i < count; i++) {
		struct err one;

		if (fetch_object(r, base[i], what, object, out, &one) == 0)
			return 0;
		keep_worst(&worst, &one, i);
	}
	*e = worst;
	return e->code == ERR_NOTFOUND ? listed_but_missing(r, what, e) : -1;
}

int repo_beside(struct repo *r, const char *path, struct buf *out, struct err *e)
{
	const char *base[BASES_MAX];
	size_t count = bases_of(r, base);
	struct err worst = { 0 };

	for (size_t i = 0; i < count; i++) {
		struct err one;

		buf_clear(out);
		if (fetch_document(r->fetch, base[i], path, out, &one) == 0)
			return 0;
		keep_worst(&worst, &one, i);
	}
	*e = worst;
	return -1;
}

/* ---- servers of other kinds */

static int fetch_index(struct repo *r, const char *path, struct buf *out, struct err *e)
{
	if (fetch_document(r->fetch, r->remote->url, path, out, e) == 0)
		return 0;
	if (e->code == ERR_NOTFOUND)
		e->code = ERR_NETWORK;
	return -1;
}

static int load_lxc(struct repo *r, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(FOREIGN_INDEX_MAX);

	if (fetch_index(r, "meta/1.0/index-user", &text, e) < 0)
		return -1;
	return foreign_parse_lxc(buf_bytes(&text), &r->foreign, e);
}

static int load_streams(struct repo *r, struct err *e)
{
	auto_buf struct buf index = BUF_INIT(FOREIGN_INDEX_MAX);
	auto_foreign_products struct foreign_products products = { 0 };

	if (fetch_index(r, "streams/v1/index.json", &index, e) < 0 ||
		foreign_parse_index(buf_bytes(&index), &products, e) < 0)
		return -1;
	for (size_t i = 0; i < products.count; i++) {
		auto_buf struct buf text = BUF_INIT(FOREIGN_INDEX_MAX);

		if (fetch_index(r, products.path[i], &text, e) < 0)
			return -1;
		if (foreign_parse_products(buf_bytes(&text), &r->foreign, e) < 0)
			return err_wrap(e, "%s", products.path[i]);
	}
	return 0;
}

static int foreign_load(struct repo *r, struct err *e)
{
	foreign_release(&r->foreign);
	if ((remote_kind(r->remote) == REMOTE_LXC ? load_lxc(r, e) : load_streams(r, e)) <
		0)
		return err_wrap(e, "the index of '%s'", r->remote->name);
	catdoc_release(&r->catalog);
	foreign_catalog(&r->foreign, &r->catalog);
	return 0;
}

/* ---- the catalog and image documents */

int repo_catalog(struct repo *r, struct err *e)
{
	const struct trust_object *object = &r->current.catalog;
	auto_buf struct buf text = BUF_INIT(object->size);

	if (remote_kind(r->remote) != REMOTE_ROOTYARD)
		return foreign_load(r, e);
	if (object->size > CATALOG_MAX)
		return err_set(e, ERR_UNTRUSTED,
			"not trusted: a catalog of %" PRIu64 " bytes (at most %u)",
			object->size, CATALOG_MAX);
	if (repo_object(r, "the catalog", object, &text, e) < 0)
		return -1;
	catdoc_release(&r->catalog);
	memset(&r->catalog, 0, sizeof(r->catalog));
	return trust_catalog(&r->trust, &r->current, buf_bytes(&text), &r->catalog, e);
}

int repo_read_image(const struct catdoc_line *line, struct bytes text,
	struct imagedoc *out, struct err *e)
{
	auto_imagedoc struct imagedoc doc = { 0 };
	char name[IMAGE_NAME_MAX];

	image_format(&line->image, name);
	if (imagedoc_parse(text, &doc, e) < 0) {
		e->code = ERR_UNTRUSTED;
		return err_wrap(e, "not trusted: the image document of '%s'", name);
	}
	if (!image_equal(&doc.image, &line->image))
		return err_set(e, ERR_UNTRUSTED,
			"not trusted: the document of '%s' speaks of another image",
			name);
	*out = doc;
	memset(&doc, 0, sizeof(doc));
	return 0;
}

int repo_image(struct repo *r, const struct catdoc_line *line, struct imagedoc *out,
	struct err *e)
{
	char path[LAYOUT_PATH_MAX], name[IMAGE_NAME_MAX];
	struct trust_object object = {
		.path = path, .size = line->doc_size, .sha256 = line->doc
	};
	auto_buf struct buf text = BUF_INIT(line->doc_size);

	image_format(&line->image, name);
	if (remote_kind(r->remote) != REMOTE_ROOTYARD)
		return err_set(e, ERR_USAGE,
			"a remote of kind '%s' has no document of '%s'; 'list' tells "
			"what "
			"it offers, and 'pull' takes it",
			r->remote->kind, name);
	if (line->doc_size > IMAGE_DOC_MAX)
		return err_set(e, ERR_UNTRUSTED,
			"not trusted: an image document of %" PRIu64
			" bytes (at most %u)",
			line->doc_size, IMAGE_DOC_MAX);
	layout_object(&line->doc, path);
	if (repo_object(r, "the image document", &object, &text, e) < 0)
		return err_wrap(e, "'%s'", name);
	return repo_read_image(line, buf_bytes(&text), out, e);
}

/* ---- files of a build */

static int fetch_verified(struct repo *r, const char *base, const struct doc_file *file,
	const struct fetch_want *want, int dir_fd, const struct fetch_progress *progress,
	struct verified *out, struct err *e)
{
	auto_fd int fd = fetch_file(r->fetch, base, want, dir_fd, progress, e);

	if (fd < 0)
		return -1;
	if (verify_file(fd, file->name, file->size, &file->sha256, out, e) < 0) {
		partial_forget(dir_fd, want->name);
		return err_wrap(e, "not trusted: '%s/%s'", base, file->path);
	}
	fd = -1;
	return 0;
}

/* What an earlier run or another server left may be at fault rather than this one. */
static int fetch_twice(struct repo *r, const char *base, const struct doc_file *file,
	const struct fetch_want *want, int dir_fd, const struct fetch_progress *progress,
	struct verified *out, struct err *e)
{
	for (unsigned int tries = fs_exists_at(dir_fd, want->name) ? 2 : 1;; tries--) {
		if (fetch_verified(r, base, file, want, dir_fd, progress, out, e) == 0)
			return 0;
		if (tries == 1 || e->code != ERR_UNTRUSTED)
			return -1;
	}
}

static void note_failure(const struct repo *r, const struct err *why)
{
	auto_free char *sentence = xasprintf("%s; asking another mirror", why->text);

	if (r->options.note)
		r->options.note(r->options.ctx, sentence);
}

/* The other side's fault, so that somebody else may do better. */
static bool is_theirs(const struct err *e)
{
	return e->code == ERR_NETWORK || e->code == ERR_NOTFOUND ||
	       e->code == ERR_UNTRUSTED;
}

int repo_file(struct repo *r, const struct doc_file *file, int dir_fd,
	const struct fetch_progress *progress, struct verified *out, struct err *e)
{
	const char *base[BASES_MAX];
	size_t count = bases_of(r, base), rounds = count > 1 ? 2 : 1;
	bool hopeless[BASES_MAX] = { false };
	char name[DIGEST_HEX];
	struct err worst = { 0 };

	digest_hex(&file->sha256, name);
	for (size_t n = 0; n < count * rounds; n++) {
		size_t i = n % count;
		struct fetch_want want = { .path = file->path,
			.size = file->size,
			.name = name,
			.hasty = n + count < count * rounds,
			.pieces = file->pieces };
		struct err one;

		if (hopeless[i])
			continue;
		if (fetch_twice(r, base[i], file, &want, dir_fd, progress, out, &one) ==
			0)
			return 0;
		keep_worst(&worst, &one, n);
		if (!is_theirs(&one)) {
			*e = one;
			return -1;
		}
		/* the second time with patience, if that can help */
		hopeless[i] = one.code != ERR_NETWORK;
		if (n + 1 < count * rounds)
			note_failure(r, &one);
	}
	*e = worst;
	return e->code == ERR_NOTFOUND ? listed_but_missing(r, file->name, e) : -1;
}

void repo_file_forget(const struct doc_file *file, int dir_fd)
{
	char name[DIGEST_HEX];

	digest_hex(&file->sha256, name);
	partial_forget(dir_fd, name);
}

/* ---- files of servers of other kinds */

void repo_foreign_name(
	const struct repo *r, const struct foreign_file *file, char out[DIGEST_HEX])
{
	auto_free char *url = xasprintf("%s/%s", r->remote->url, file->path);
	struct digest d = digest_of(bytes_of_str(url));

	digest_hex(&d, out);
}

int repo_foreign_file(struct repo *r, const struct foreign_file *file, bool has_digest,
	int dir_fd, const struct fetch_progress *progress, struct verified *out,
	struct err *e)
{
	const char *base = r->remote->url;
	char name[DIGEST_HEX];
	struct fetch_want want = { .path = file->path, .size = file->size, .name = name };
	struct doc_file as_told = { .name = file->path,
		.path = file->path,
		.size = file->size,
		.sha256 = file->sha256 };
	auto_fd int fd = -1;

	repo_foreign_name(r, file, name);
	if (has_digest)
		return fetch_twice(r, base, &as_told, &want, dir_fd, progress, out, e);
	fd = fetch_file(r->fetch, base, &want, dir_fd, progress, e);
	if (fd < 0 || verify_local(fd, file->path, out, e) < 0)
		return -1;
	fd = -1;
	return 0;
}

void repo_foreign_forget(
	const struct repo *r, const struct foreign_file *file, int dir_fd)
{
	char name[DIGEST_HEX];

	repo_foreign_name(r, file, name);
	partial_forget(dir_fd, name);
}
