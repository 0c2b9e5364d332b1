#include "httpd/reply.h"

#include "httpd/range.h"
#include "httpd/uri.h"

static bool is_oci(const char *path)
{
	return strncmp(path, "v2/", 3) == 0 || strcmp(path, "v2") == 0;
}

static void add(struct reply *r, const char *name, const char *value)
{
	if (r->field_count < REPLY_FIELDS_MAX)
		r->field[r->field_count++] = (struct reply_field){ name, value };
}

static void begin(struct reply *r, unsigned int status, const char *path)
{
	r->status = status;
	r->is_whole = r->close = false;
	r->first = r->length = 0;
	r->body = NULL;
	r->common_fields = r->field_count = 0;
	add(r, "X-Content-Type-Options", "nosniff");
	if (is_oci(path))
		add(r, "Docker-Distribution-API-Version", "registry/2.0");
}

static const char *cache_control(const struct file *f)
{
	static const char *const texts[2][2] = {
		{ "no-cache", "public, max-age=31536000, immutable" },
		{ "private, no-cache", "private, max-age=31536000, immutable" },
	};

	return texts[f->is_private][f->caching == LAYOUT_IMMUTABLE];
}

static void add_caching(struct reply *r, const struct file *f)
{
	if (f->etag[0])
		add(r, "ETag", f->etag);
	add(r, "Cache-Control", cache_control(f));
	if (f->is_negotiated)
		add(r, "Vary", "Accept-Encoding");
}

/* A page is ours and loads from us alone; what a browser shows as a document gets the
 * same walls, whoever wrote it. */
static void add_page_walls(struct reply *r, const struct file *f)
{
	if (strncmp(f->type, "text/html", 9) != 0 &&
		strcmp(f->type, "image/svg+xml") != 0)
		return;
	add(r, "Content-Security-Policy",
		"default-src 'none'; img-src 'self' data:; style-src 'self' "
		"'unsafe-inline'; script-src 'self'; connect-src 'self'; base-uri "
		"'none'; "
		"form-action 'self'; frame-ancestors 'none'");
	add(r, "Referrer-Policy", "no-referrer");
}

/* What the inode says of itself, else what its name says. */
static void add_oci_digest(struct reply *r, const char *path, const struct file *f)
{
	static const char by_digest[] = "/sha256:";
	const char *named = strstr(path, by_digest);

	if (!is_oci(path) || (!strstr(path, "/manifests/") && !strstr(path, "/blobs/")))
		return;
	if (f->digest[0])
		snprintf(r->digest_text, sizeof(r->digest_text), "sha256:%s", f->digest);
	else if (named && strlen(named + 1) == strlen("sha256:") + 64)
		snprintf(r->digest_text, sizeof(r->digest_text), "%s", named + 1);
	else
		return;
	add(r, "Docker-Content-Digest", r->digest_text);
}

void reply_whole(struct reply *r, const char *path, const struct file *f)
{
	begin(r, 200, path);
	r->is_whole = true;
	r->length = f->body->size;
	add(r, "Content-Type", f->type);
	if (f->etag[0])
		add(r, "Accept-Ranges", "bytes");
	if (f->coding != CODING_NONE)
		add(r, "Content-Encoding", coding_names[f->coding].token);
	if (f->etag[0])
		add(r, "Last-Modified", f->modified);
	add_caching(r, f);
	add_page_walls(r, f);
	add_oci_digest(r, path, f);
}

void reply_unchanged(struct reply *r, const char *path, const struct file *f)
{
	begin(r, 304, path);
	/* The client has all else: what is not sent is not parsed by it either. */
	r->field_count = 0;
	r->body = "";
	add_caching(r, f);
}

static void reply_unsatisfiable(struct reply *r, const char *path, const struct file *f)
{
	reply_error(r, 416, path);
	snprintf(r->range_text, sizeof(r->range_text), "bytes */%llu",
		(unsigned long long)f->body->size);
	add(r, "Content-Range", r->range_text);
}

static void reply_range(
	struct reply *r, const char *path, const struct file *f, const struct head *h)
{
	struct range range;
	struct err e;

	if (range_parse(h->range, f->body->size, &range, &e) < 0) {
		if (e.code == ERR_LIMIT)
			reply_unsatisfiable(r, path, f);
		return;
	}
	r->status = 206;
	r->is_whole = false;
	r->first = range.first;
	r->length = range.last - range.first + 1;
	snprintf(r->range_text, sizeof(r->range_text), "bytes %llu-%llu/%llu",
		(unsigned long long)range.first, (unsigned long long)range.last,
		(unsigned long long)f->body->size);
	add(r, "Content-Range", r->range_text);
}

void reply_file(struct reply *r, const char *path, const struct file *f,
	const struct head *h, bool is_head)
{
	switch (cond_evaluate(&h->cond, f->etag, f->st.st_mtim.tv_sec)) {
	case COND_NOT_MODIFIED:
		reply_unchanged(r, path, f);
		return;
	case COND_FAILED:
		reply_error(r, 412, path);
		return;
	case COND_PROCEED:
		break;
	}
	reply_whole(r, path, f);
	if (!is_head && h->range.data && cond_range_applies(h->cond.if_range, f->etag))
		reply_range(r, path, f, h);
}

/* The code that the distribution specification has for what is not there. */
static const char *oci_body(unsigned int status, const char *path)
{
	if (status == 401)
		return "{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":"
		       "\"a token is needed\",\"detail\":null}]}\n";
	if (status == 405)
		return "{\"errors\":[{\"code\":\"UNSUPPORTED\",\"message\":\"read only\","
		       "\"detail\":null}]}\n";
	if (status == 404 && strstr(path, "/manifests/"))
		return "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":"
		       "\"manifest unknown\",\"detail\":null}]}\n";
	if (status == 404 && strstr(path, "/blobs/"))
		return "{\"errors\":[{\"code\":\"BLOB_UNKNOWN\",\"message\":"
		       "\"blob unknown to registry\",\"detail\":null}]}\n";
	if (status == 404)
		return "{\"errors\":[{\"code\":\"NAME_UNKNOWN\",\"message\":"
		       "\"repository name not known to registry\",\"detail\":null}]}\n";
	return NULL;
}

static const char *error_body(unsigned int status)
{
	static const struct {
		unsigned int status;
		const char *body;
	} known[] = {
		{ 301, "moved permanently\n" },
		{ 307, "elsewhere\n" },
		{ 308, "use https\n" },
		{ 400, "bad request\n" },
		{ 401, "a token is needed\n" },
		{ 404, "not found\n" },
		{ 405, "method not allowed\n" },
		{ 412, "precondition failed\n" },
		{ 413, "content too large\n" },
		{ 414, "target too long\n" },
		{ 416, "range not satisfiable\n" },
		{ 431, "header fields too large\n" },
		{ 503, "service unavailable\n" },
	};

	for (size_t i = 0; i < ARRAY_COUNT(known); i++)
		if (known[i].status == status)
			return known[i].body;
	return "internal error\n";
}

void reply_error(struct reply *r, unsigned int status, const char *path)
{
	const char *json = is_oci(path) ? oci_body(status, path) : NULL;

	begin(r, status, path);
	r->body = json ? json : error_body(status);
	r->close = status == 400 || status == 413 || status == 414 || status == 431;
	add(r, "Content-Type", json ? "application/json" : "text/plain; charset=utf-8");
	add(r, "Cache-Control", "no-cache");
	if (status == 405)
		add(r, "Allow", "GET, HEAD");
	if (status == 401)
		add(r, "WWW-Authenticate", "Basic realm=\"rootyard\", charset=\"UTF-8\"");
	if (status == 503)
		add(r, "Retry-After", "5");
	r->common_fields = r->field_count;
}

bool reply_is_common(const struct reply *r)
{
	return r->common_fields > 0 && r->common_fields == r->field_count;
}

void reply_oci_root(struct reply *r)
{
	begin(r, 200, "v2/");
	r->body = "{}";
	add(r, "Content-Type", "application/json");
	add(r, "Cache-Control", "no-cache");
}

void reply_elsewhere(struct reply *r, const char *base, const char *path)
{
	int len;

	reply_error(r, 307, path);
	len = snprintf(r->location, sizeof(r->location), "%s/", base);
	uri_escape(
		bytes_of_str(path), r->location + len, sizeof(r->location) - (size_t)len);
	add(r, "Location", r->location);
}

void reply_secure_place(
	struct reply *r, const char *origin, const char *target, const char *query)
{
	size_t size = sizeof(r->location), len = strlen(origin);

	reply_error(r, 308, "");
	snprintf(r->location, size, "%s", origin);
	len += uri_escape_target(bytes_of_str(target), r->location + len, size - len);
	if (*query && len + 2 < size) {
		r->location[len++] = '?';
		uri_escape_target(bytes_of_str(query), r->location + len, size - len);
	}
	add(r, "Location", r->location);
}

void reply_redirect(struct reply *r, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t len = 2;

	reply_error(r, 301, path);
	/* Relative, so that neither Host nor a prefix is repeated; "./" keeps a colon
	 * from looking like a scheme. */
	snprintf(r->location, sizeof(r->location), "./");
	len += uri_escape(
		bytes_of_str(name), r->location + len, sizeof(r->location) - len - 1);
	snprintf(r->location + len, sizeof(r->location) - len, "/");
	add(r, "Location", r->location);
}
