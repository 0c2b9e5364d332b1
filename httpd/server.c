#include "httpd/server.h"

#include "httpd/cache.h"
#include "httpd/conns.h"
#include "httpd/limits.h"
#include "httpd/reply.h"
#include "httpd/resolve.h"

#include <microhttpd.h>

#include <time.h>

#define CONNECTION_BYTES 8192        /* the library's memory for one connection */
#define BLOCK_BYTES      (128 << 10) /* read ahead of a slow reader */

struct listener {
	struct server *server;
	bool is_tls;
	struct MHD_Daemon *daemon;
};

struct server {
	const struct site *site;
	struct access *access;
	struct cache *cache;
	struct conns *conns;
	struct listener listener[SERVER_SOCKETS_MAX];
	size_t listener_count;
};

/* ---- replies as the library wants them */

/* A part of a body that the library reads block by block. */
struct slice {
	struct body *body;
	uint64_t first;
};

static void slice_free(void *p)
{
	struct slice *s = p;

	body_unref(s->body);
	free(s);
}

static ssize_t slice_read(void *p, uint64_t pos, char *buf, size_t max)
{
	const struct slice *s = p;
	ssize_t n = body_read(s->body, s->first + pos, buf, max);

	return n > 0 ? n : MHD_CONTENT_READER_END_WITH_ERROR;
}

static void body_release(void *p)
{
	body_unref(p);
}

/* Memory may be sent from anywhere; a mapping only by the kernel, hence not under TLS. */
static unsigned char *bytes_to_send(const struct body *b, bool is_tls)
{
	if (b->memory)
		return b->memory;
	return is_tls ? NULL : b->map;
}

static struct MHD_Response *slice_response(
	struct body *b, uint64_t first, uint64_t length, bool is_tls)
{
	unsigned char *bytes = bytes_to_send(b, is_tls);
	struct MHD_Response *made;
	struct slice *s;

	if (bytes) {
		made = MHD_create_response_from_buffer_with_free_callback_cls(
			length, bytes + first, body_release, body_ref(b));
		if (!made)
			body_unref(b);
		return made;
	}
	s = xmalloc(sizeof(*s));
	*s = (struct slice){ body_ref(b), first };
	made = MHD_create_response_from_callback(length,
		length < BLOCK_BYTES ? (length ? length : 1) : BLOCK_BYTES, slice_read, s,
		slice_free);
	if (!made)
		slice_free(s);
	return made;
}

static struct MHD_Response *text_response(const char *text)
{
	return MHD_create_response_from_buffer_with_free_callback_cls(
		strlen(text), (void *)(uintptr_t)text, NULL, NULL);
}

static bool add_fields(struct MHD_Response *response, const struct reply *r)
{
	for (size_t i = 0; i < r->field_count; i++)
		if (MHD_add_response_header(
			    response, r->field[i].name, r->field[i].value) != MHD_YES)
			return false;
	return !r->close ||
	       MHD_add_response_header(response, "Connection", "close") == MHD_YES;
}

static struct MHD_Response *make_response(
	const struct reply *r, const struct file *f, bool is_tls)
{
	struct MHD_Response *response =
		r->body || !f ? text_response(r->body ? r->body : "")
			      : slice_response(f->body, r->first, r->length, is_tls);

	if (response && !add_fields(response, r)) {
		MHD_destroy_response(response);
		return NULL;
	}
	return response;
}

static void forget_response(void *ready)
{
	MHD_destroy_response(ready);
}

/* Most requests want all of a file: that reply is made once. */
static void prepare_file(void *ctx, const char *path, struct file *f)
{
	struct reply r;

	(void)ctx;
	if (!bytes_to_send(f->body, false))
		return;
	reply_whole(&r, path, f);
	f->ready = make_response(&r, f, false);
	f->forget = forget_response;
}

/* ---- one request */

static enum MHD_Result send_reply(const struct listener *l,
	struct MHD_Connection *connection, struct conn *conn, struct reply *r,
	struct file *f)
{
	struct MHD_Response *response;
	enum MHD_Result result;

	r->close = r->close || head_needs_close(&conn->head) ||
		   conn->requests >= CONNS_REQUESTS_MAX ||
		   conns_is_draining(l->server->conns);
	conn->status = r->status;
	conn->body_bytes = r->body ? strlen(r->body) : r->length;
	if (f && r->is_whole && !r->close && f->ready &&
		bytes_to_send(f->body, l->is_tls))
		return MHD_queue_response(connection, r->status, f->ready);
	response = make_response(r, f, l->is_tls);
	if (!response)
		return MHD_NO;
	result = MHD_queue_response(connection, r->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result send_error(const struct listener *l,
	struct MHD_Connection *connection, struct conn *conn, unsigned int status,
	const char *path)
{
	struct reply r;

	reply_error(&r, status, path);
	r.close = r.close || conn->head.has_body;
	return send_reply(l, connection, conn, &r, NULL);
}

static unsigned int status_of(const struct err *e)
{
	if (e->code == ERR_NOTFOUND)
		return 404;
	if (e->code == ERR_PARSE)
		return 400;
	return e->code == ERR_BUSY || e->code == ERR_AGAIN ? 503 : 500;
}

static int find_file(const struct server *s, const char *path, const struct address *peer,
	struct file **out, struct err *e)
{
	int64_t now_ms = conns_now_ms();
	struct site_path where;

	if (site_locate(s->site, path, peer, now_ms, &where, e) < 0)
		return -1;
	return cache_get(s->cache, path, &where, now_ms, out, e);
}

static int index_of(const char *directory, char *out, size_t size)
{
	int len = snprintf(out, size, "%s%sindex.html", directory, *directory ? "/" : "");

	return len < (int)size ? 0 : -1;
}

static bool has_index(
	const struct server *s, const char *directory, const struct address *peer)
{
	char path[RESOLVE_MAX + 16];
	struct site_path where;
	struct stat st;
	struct err e;

	return index_of(directory, path, sizeof(path)) == 0 &&
	       site_locate(s->site, path, peer, conns_now_ms(), &where, &e) == 0 &&
	       site_stat(s->site, where.text, &st) && S_ISREG(st.st_mode);
}

static enum MHD_Result send_missing(const struct listener *l,
	struct MHD_Connection *connection, struct conn *conn,
	const struct resolved *target, const struct err *e)
{
	struct reply r;

	if (e->sys == EISDIR && !target->is_dir &&
		has_index(l->server, target->path, &conn->peer)) {
		reply_redirect(&r, target->path);
		return send_reply(l, connection, conn, &r, NULL);
	}
	return send_error(l, connection, conn, status_of(e), target->path);
}

static enum MHD_Result send_file(const struct listener *l,
	struct MHD_Connection *connection, struct conn *conn,
	const struct resolved *target)
{
	char path[RESOLVE_MAX + 16];
	struct file *f;
	struct reply r;
	enum MHD_Result result;
	struct err e;

	if (!target->is_dir)
		snprintf(path, sizeof(path), "%s", target->path);
	else if (index_of(target->path, path, sizeof(path)) < 0)
		return send_error(l, connection, conn, 404, target->path);
	e.sys = 0;
	if (find_file(l->server, path, &conn->peer, &f, &e) < 0)
		return send_missing(l, connection, conn, target, &e);
	reply_file(&r, path, f, &conn->head, strcmp(conn->method, "HEAD") == 0);
	result = send_reply(l, connection, conn, &r, f);
	file_unref(f);
	return result;
}

static enum MHD_Result answer(
	const struct listener *l, struct MHD_Connection *connection, struct conn *conn)
{
	struct resolved target = { .path = "" };
	struct reply r;
	struct err e;

	if (resolve_target(bytes_of_str(conn->target), &target, &e) < 0)
		return send_error(l, connection, conn, status_of(&e), "");
	if (strcmp(target.path, "v2") == 0 && target.is_dir) {
		reply_oci_root(&r);
		return send_reply(l, connection, conn, &r, NULL);
	}
	return send_file(l, connection, conn, &target);
}

/* ---- called by the library */

static struct conn *conn_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static enum MHD_Result each_field(void *cls, enum MHD_ValueKind kind, const char *name,
	size_t name_len, const char *value, size_t value_len)
{
	(void)kind;
	head_add(cls, bytes_of(name, name_len), bytes_of(value ? value : "", value_len));
	return MHD_YES;
}

static void read_head(struct MHD_Connection *connection, struct conn *conn)
{
	head_begin(&conn->head, strlen(conn->target));
	MHD_get_connection_values_n(connection, MHD_HEADER_KIND, each_field, &conn->head);
	head_end(&conn->head, strcmp(conn->version, "HTTP/1.1") == 0);
}

/* As reply_error wants it: a name that was not judged only chooses the form of a text. */
static const char *without_slash(const char *url)
{
	return url[0] == '/' ? url + 1 : url;
}

static bool is_served(const char *method)
{
	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

/* First call: the head is there. Refusals go out at once, and the library then closes
 * the connection unread; everything else is answered on the second call. */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection,
	const char *url, const char *method, const char *version, const char *upload,
	size_t *upload_size, void **slot)
{
	const struct listener *l = cls;
	struct conn *conn = *slot;

	(void)upload;
	if (conn && *upload_size > 0)
		return MHD_NO;
	if (conn)
		return is_served(method)
			       ? answer(l, connection, conn)
			       : send_error(l, connection, conn, 405, without_slash(url));
	conn = conn_of(connection);
	if (!conn)
		return MHD_NO;
	*slot = conn;
	conn->method = method;
	conn->target = url;
	conn->version = version;
	conn_begin_reply(conn);
	read_head(connection, conn);
	if (conn->head.refuse)
		return send_error(l, connection, conn, conn->head.refuse, "");
	if (conn->head.has_body)
		return send_error(l, connection, conn, is_served(method) ? 400 : 405,
			without_slash(url));
	return MHD_YES;
}

static void write_log(
	struct access *a, const struct conn *conn, enum MHD_RequestTerminationCode end)
{
	struct access_entry entry = {
		.peer = conn->peer,
		.time_s = time(NULL),
		.method = conn->method,
		.target = conn->target,
		.version = conn->version,
		.status = conn->status,
		.body_bytes = conn->body_bytes,
		.is_cut = end != MHD_REQUEST_TERMINATED_COMPLETED_OK,
		.user_agent = conn->head.user_agent,
	};

	if (strcmp(conn->method, "HEAD") == 0)
		entry.body_bytes = 0;
	access_log(a, &entry);
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **slot,
	enum MHD_RequestTerminationCode end)
{
	const struct listener *l = cls;
	struct conn *conn = *slot;

	(void)connection;
	if (!conn)
		return;
	if (l->server->access)
		write_log(l->server->access, conn, end);
	conns_end_reply(l->server->conns, conn);
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **slot,
	enum MHD_ConnectionNotificationCode what)
{
	const struct listener *l = cls;
	const union MHD_ConnectionInfo *fd, *peer;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (*slot)
			conns_remove(l->server->conns, *slot);
		*slot = NULL;
		return;
	}
	fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (!fd)
		return;
	peer = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	*slot = conns_add(l->server->conns, fd->connect_fd, l->is_tls,
		peer ? peer->client_addr : NULL);
}

/* The target stays as it came: resolve.c decodes it once and judges the result. */
static size_t keep_escapes(void *cls, struct MHD_Connection *connection, char *s)
{
	(void)cls;
	(void)connection;
	return strlen(s);
}

/* ---- start and stop */

static int start_listener(struct listener *l, const struct server_setup *setup,
	int sock_fd, unsigned int connections, struct err *e)
{
	unsigned int threads = setup->threads ? setup->threads : limits_processors();
	unsigned int flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC |
			     (l->is_tls ? MHD_USE_TLS : 0);
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0,
			l->is_tls ? setup->tls->cert.data : NULL },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, l->is_tls ? setup->tls->key.data : NULL },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)tls_priorities },
		{ MHD_OPTION_END, 0, NULL },
	};
	struct MHD_OptionItem pool[] = {
		{ threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, threads,
			NULL },
		{ MHD_OPTION_END, 0, NULL },
	};

	if (connections < threads)
		connections = threads;
	l->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, l,
		MHD_OPTION_LISTEN_SOCKET, sock_fd, MHD_OPTION_UNESCAPE_CALLBACK,
		keep_escapes, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_completed, l,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, l,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)CONNECTION_BYTES, MHD_OPTION_CONNECTION_LIMIT, connections,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, setup->per_address,
		/* Its clock also runs while a slow peer empties our buffers: conns.c
		 * knows better. */
		MHD_OPTION_CONNECTION_TIMEOUT, 0U, MHD_OPTION_ARRAY, pool,
		l->is_tls ? MHD_OPTION_ARRAY : MHD_OPTION_END, tls, MHD_OPTION_END);
	if (!l->daemon)
		return err_set(e, ERR_FAILED,
			"cannot start the HTTP library on its socket%s",
			l->is_tls ? " (TLS)" : "");
	return 0;
}

static void flush_log(void *ctx)
{
	const struct server *s = ctx;

	if (s->access)
		access_flush(s->access);
}

int server_start(const struct server_setup *setup, struct server **out, struct err *e)
{
	struct server *s = xcalloc(1, sizeof(*s));
	struct limits limits = { 0, 0 };
	bool in_clear = false;

	s->site = setup->site;
	s->access = setup->access;
	for (size_t i = 0; i < setup->socket_count; i++)
		in_clear = in_clear || !setup->socket[i].is_tls;
	if (limits_share(&limits, e) < 0 || conns_start(flush_log, s, &s->conns, e) < 0) {
		free(s);
		return -1;
	}
	s->cache = cache_new(s->site, limits.files, in_clear, prepare_file, s);
	for (size_t i = 0; i < setup->socket_count; i++) {
		struct listener *l = &s->listener[i];

		*l = (struct listener){ s, setup->socket[i].is_tls, NULL };
		if (start_listener(l, setup, setup->socket[i].fd,
			    (unsigned int)(limits.connections / setup->socket_count),
			    e) < 0) {
			server_stop(&s);
			return -1;
		}
		setup->socket[i].fd = -1;
		s->listener_count++;
	}
	*out = s;
	return 0;
}

static void drain(struct server *s)
{
	const struct timespec pause = { 0, 20 * 1000000L };
	int64_t end_ms = conns_now_ms() + SERVER_DRAIN_MS;

	for (size_t i = 0; i < s->listener_count; i++) {
		int fd = MHD_quiesce_daemon(s->listener[i].daemon);

		if (fd >= 0)
			close(fd);
	}
	conns_drain(s->conns);
	while (conns_count(s->conns) > 0 && conns_now_ms() < end_ms)
		nanosleep(&pause, NULL);
}

void server_stop(struct server **slot)
{
	struct server *s = *slot;

	if (!s)
		return;
	drain(s);
	for (size_t i = 0; i < s->listener_count; i++)
		MHD_stop_daemon(s->listener[i].daemon);
	conns_stop(&s->conns);
	cache_free(&s->cache);
	free(s);
	*slot = NULL;
}
