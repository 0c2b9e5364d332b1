#include "httpd/answer.h"

#include "httpd/conns.h"
#include "httpd/resolve.h"

static unsigned int status_of(const struct err *e)
{
	if (e->code == ERR_NOTFOUND)
		return 404;
	if (e->code == ERR_PARSE)
		return 400;
	return e->code == ERR_BUSY || e->code == ERR_AGAIN ? 503 : 500;
}

static bool is_served(const char *method)
{
	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

/* As reply_error wants it: a name that was not judged only chooses the form of a text. */
static const char *without_slash(const char *target)
{
	return target[0] == '/' ? target + 1 : target;
}

bool answer_refusal(const struct request *q, struct reply *r)
{
	if (q->head.refuse)
		reply_error(r, q->head.refuse, "");
	else if (q->head.has_body)
		reply_error(
			r, is_served(q->method) ? 400 : 405, without_slash(q->target));
	else
		return false;
	r->close = true;
	return true;
}

static int find_file(const struct answers *a, const char *path,
	const struct address *peer, struct file **out, struct err *e)
{
	int64_t now_ms = conns_now_ms();
	struct site_path where;

	if (site_locate(a->site, path, peer, now_ms, &where, e) < 0)
		return -1;
	return cache_get(a->cache, path, &where, now_ms, out, e);
}

static int index_of(const char *directory, char *out, size_t size)
{
	int len = snprintf(out, size, "%s%sindex.html", directory, *directory ? "/" : "");

	return len < (int)size ? 0 : -1;
}

static bool has_index(
	const struct answers *a, const char *directory, const struct address *peer)
{
	char path[RESOLVE_MAX + 16];
	struct site_path where;
	struct stat st;
	struct err e;

	return index_of(directory, path, sizeof(path)) == 0 &&
	       site_locate(a->site, path, peer, conns_now_ms(), &where, &e) == 0 &&
	       site_stat(a->site, where.text, &st) && S_ISREG(st.st_mode);
}

static void answer_missing(const struct answers *a, const struct request *q,
	const struct resolved *target, const struct err *e, struct reply *r)
{
	if (e->sys == EISDIR && !target->is_dir && has_index(a, target->path, &q->peer))
		reply_redirect(r, target->path);
	else
		reply_error(r, status_of(e), target->path);
}

static void answer_file(const struct answers *a, const struct request *q,
	const struct resolved *target, struct reply *r, struct file **file)
{
	char path[RESOLVE_MAX + 16];
	struct err e = { .sys = 0 };

	if (!target->is_dir)
		snprintf(path, sizeof(path), "%s", target->path);
	else if (index_of(target->path, path, sizeof(path)) < 0) {
		reply_error(r, 404, target->path);
		return;
	}
	if (find_file(a, path, &q->peer, file, &e) < 0)
		answer_missing(a, q, target, &e, r);
	else
		reply_file(r, path, *file, &q->head, strcmp(q->method, "HEAD") == 0);
}

void answer_request(const struct answers *a, const struct request *q, struct reply *r,
	struct file **file)
{
	struct resolved target = { .path = "" };
	struct err e;

	*file = NULL;
	if (!is_served(q->method))
		reply_error(r, 405, without_slash(q->target));
	else if (resolve_target(bytes_of_str(q->target), &target, &e) < 0)
		reply_error(r, status_of(&e), "");
	else if (strcmp(target.path, "v2") == 0 && target.is_dir)
		reply_oci_root(r);
	else
		answer_file(a, q, &target, r, file);
}
