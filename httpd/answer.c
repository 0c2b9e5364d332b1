#include "httpd/answer.h"

#include "httpd/conns.h"
#include "httpd/listing.h"

static const char challenges[] = ".well-known/acme-challenge/";

bool answer_is_challenge(const char *path)
{
	return strncmp(path, challenges, sizeof(challenges) - 1) == 0;
}

static unsigned int status_of(const struct err *e)
{
	if (e->code == ERR_NOTFOUND)
		return 404;
	if (e->code == ERR_PARSE)
		return 400;
	return e->code == ERR_BUSY || e->code == ERR_AGAIN ? 503 : 500;
}

bool answer_is_served(const char *method)
{
	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

/* As reply_error wants it: a name that was not judged only chooses the form of a text. */
static const char *without_slash(const char *target)
{
	return target[0] == '/' ? target + 1 : target;
}

bool answer_needs_token(const struct answers *a, struct request *q)
{
	q->user[0] = '\0';
	return a->policy.tokens && !answer_is_challenge(without_slash(q->target)) &&
	       !tokens_allow(a->policy.tokens, q->head.authorization, q->user);
}

bool answer_refusal(const struct request *q, struct reply *r)
{
	if (q->head.refuse)
		reply_error(r, q->head.refuse, "");
	else if (q->head.has_body)
		reply_error(r, answer_is_served(q->method) ? 400 : 405,
			without_slash(q->target));
	else
		return false;
	r->close = true;
	return true;
}

/* The best of what the client takes and the tree has. */
static bool find_coded(const struct answers *a, const struct request *q, const char *path,
	const struct site_path *plain, struct file **out)
{
	enum coding accepted[CODING_COUNT];
	size_t count = coding_accepted(q->head.accept_encoding, accepted);
	struct site_path coded;
	struct err e;

	for (size_t i = 0; i < count; i++)
		if (site_locate_coded(a->site, plain, accepted[i], &coded) &&
			cache_get(a->cache, path, &coded, conns_now_ms(), out, &e) == 0)
			return true;
	return false;
}

static bool is_head(const struct request *q)
{
	return strcmp(q->method, "HEAD") == 0;
}

static struct asker asker_of(const struct request *q)
{
	return (struct asker){ q->peer, conns_now_ms(), is_head(q) };
}

static int find_file(const struct answers *a, const struct request *q, const char *path,
	struct file **out, struct err *e)
{
	const struct asker who = asker_of(q);
	struct site_path where;

	if (site_locate(a->site, path, &who, &where, e) < 0)
		return -1;
	if (q->head.accept_encoding.len > 0 && layout_is_negotiated(path) &&
		find_coded(a, q, path, &where, out))
		return 0;
	return cache_get(a->cache, path, &where, who.now_ms, out, e);
}

static int index_of(const char *directory, char *out, size_t size)
{
	int len = snprintf(out, size, "%s%sindex.html", directory, *directory ? "/" : "");

	return len < (int)size ? 0 : -1;
}

static bool has_index(
	const struct answers *a, const struct request *q, const char *directory)
{
	const struct asker who = asker_of(q);
	char path[RESOLVE_MAX + 16];
	struct site_path where;
	struct stat st;
	struct err e;

	return index_of(directory, path, sizeof(path)) == 0 &&
	       site_locate(a->site, path, &who, &where, &e) == 0 &&
	       site_stat(a->site, where.text, &st) && S_ISREG(st.st_mode);
}

static void answer_listing(struct answers *a, const struct request *q, const char *path,
	struct reply *r, struct file **file)
{
	auto_buf struct buf page = BUF_INIT(LISTING_BYTES_MAX);
	const struct asker who = asker_of(q);
	struct site_path where;
	struct err e;

	if (site_locate(a->site, path, &who, &where, &e) < 0 ||
		listing_make(a->site, path, &where, &page, &e) < 0) {
		reply_error(r, status_of(&e), path);
		return;
	}
	*file = file_of_page(a->site, &page);
	reply_whole(r, path, *file);
}

static void answer_missing(struct answers *a, const struct request *q,
	const struct resolved *target, const struct err *e, struct reply *r,
	struct file **file)
{
	bool is_directory = e->sys == EISDIR;

	if (is_directory && !target->is_dir &&
		(a->policy.autoindex || has_index(a, q, target->path)))
		reply_redirect(r, target->path);
	else if (target->is_dir && a->policy.autoindex && e->code == ERR_NOTFOUND)
		answer_listing(a, q, target->path, r, file);
	else
		reply_error(r, status_of(e), target->path);
}

static void answer_file(struct answers *a, const struct request *q,
	const struct resolved *target, struct reply *r, struct file **file)
{
	char index[RESOLVE_MAX + 16];
	const char *path = target->is_dir ? index : target->path;
	struct err e;

	if (target->is_dir && index_of(target->path, index, sizeof(index)) < 0) {
		reply_error(r, 404, target->path);
		return;
	}
	e.sys = 0;
	if (find_file(a, q, path, file, &e) < 0)
		answer_missing(a, q, target, &e, r, file);
	else
		reply_file(r, path, *file, &q->head, is_head(q));
}

/* A token of an ACME client, which puts files there while we serve: never cached. */
static void answer_challenge(struct answers *a, const struct request *q,
	const char *token, struct reply *r, struct file **file)
{
	struct site_path where = { .coding = CODING_NONE };
	struct err e;

	snprintf(where.text, sizeof(where.text), "%s", token);
	if (!*token || strchr(token, '/') ||
		file_open(a->policy.acme, token, &where, false, &a->no_memory, file, &e) <
			0)
		reply_error(r, 404, "");
	else
		reply_file(r, token, *file, &q->head, is_head(q));
}

/* The path within the tree. Registry clients know one place only, the top, so what they
 * ask for is there under a prefix too. */
bool answer_strip_prefix(const struct answers *a, struct resolved *target)
{
	const char *prefix = a->policy.prefix;
	size_t len = strlen(prefix);

	if (len == 0 || strncmp(target->path, "v2/", 3) == 0 ||
		(strcmp(target->path, "v2") == 0 && target->is_dir))
		return true;
	if (strncmp(target->path, prefix, len) != 0 ||
		(target->path[len] != '/' &&
			!(target->path[len] == '\0' && target->is_dir)))
		return false;
	len += target->path[len] == '/';
	target->len -= len;
	memmove(target->path, target->path + len, target->len + 1);
	return true;
}

static void answer_target(struct answers *a, const struct request *q,
	struct resolved *target, struct reply *r, struct file **file)
{
	const struct policy *p = &a->policy;

	if (p->acme && answer_is_challenge(target->path))
		answer_challenge(a, q, target->path + sizeof(challenges) - 1, r, file);
	else if (*p->prefix && !target->is_dir && strcmp(target->path, p->prefix) == 0)
		reply_redirect(r, target->path);
	else if (!answer_strip_prefix(a, target))
		reply_error(r, 404, "");
	else if (strcmp(target->path, "v2") == 0 && target->is_dir)
		reply_oci_root(r);
	else if (p->payload_base && !target->is_dir && layout_is_payload(target->path))
		reply_elsewhere(r, p->payload_base, target->path);
	else
		answer_file(a, q, target, r, file);
}

void answer_request(
	struct answers *a, const struct request *q, struct reply *r, struct file **file)
{
	struct resolved target;
	struct err e;

	*file = NULL;
	if (!answer_is_served(q->method))
		reply_error(r, 405, without_slash(q->target));
	else if (resolve_target(bytes_of_str(q->target), &target, &e) < 0)
		reply_error(r, status_of(&e), "");
	else
		answer_target(a, q, &target, r, file);
}
