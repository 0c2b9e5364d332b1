#include "httpd/exchange.h"

#include "httpd/framing.h"
#include "httpd/resolve.h"
#include "httpd/upgrade.h"

#include <time.h>

static struct conn *conn_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

struct reading {
	struct head *head;
	struct framing framing;
};

/* Of a length that is none the library 0.9 says so itself, and sends the head of that
 * reply twice. It believes the first one it finds, so it finds this; the client's are
 * judged with the rest of the head, and one that is not 0 ends the connection. */
static const char length_name[] = "Content-Length";

static void believe_no_length(struct MHD_Connection *connection)
{
	MHD_set_connection_value_n(connection, MHD_HEADER_KIND, length_name,
		sizeof(length_name) - 1, "0", 1);
}

static enum MHD_Result each_field(void *cls, enum MHD_ValueKind kind, const char *name,
	size_t name_len, const char *value, size_t value_len)
{
	struct reading *reading = cls;
	struct bytes n = bytes_of(name, name_len);
	struct bytes v = bytes_of(value ? value : "", value_len);

	(void)kind;
	if (name == length_name)
		return MHD_YES;
	head_add(reading->head, n, v);
	framing_field(&reading->framing, n, v);
	return MHD_YES;
}

static size_t head_size(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	return info ? info->header_size : 0;
}

static void read_head(
	const struct exchange *x, struct MHD_Connection *connection, struct conn *conn)
{
	struct request *q = &conn->request;
	struct reading reading = { .head = &q->head };

	head_begin(&q->head, conn->target_len);
	framing_begin(&reading.framing, bytes_of_str(q->method),
		bytes_of(q->target, conn->target_len), bytes_of_str(q->version));
	MHD_get_connection_values_n(connection, MHD_HEADER_KIND, each_field, &reading);
	head_end(&q->head, strcmp(q->version, "HTTP/1.1") == 0);
	if (x->splits_in_place && !q->head.refuse &&
		!framing_is_sound(&reading.framing, head_size(connection)))
		q->head.refuse = 400;
}

static enum MHD_Result send_reply(const struct exchange *x,
	struct MHD_Connection *connection, struct conn *conn, struct reply *r,
	const struct file *f)
{
	r->close = r->close || head_needs_close(&conn->request.head) ||
		   conn->requests >= CONNS_REQUESTS_MAX || conns_is_draining(x->conns);
	conn->status = r->status;
	conn->body_bytes = r->body ? strlen(r->body) : r->length;
	conn->reaches_end = r->status == 307 ||
			    (f && !r->body && r->first + r->length == f->body->size);
	return response_queue(x->responses, connection, r, f, x->kind == LISTEN_TLS)
		       ? MHD_YES
		       : MHD_NO;
}

/* First call: the head is there. Refusals go out at once, and the library then closes
 * the connection unread. */
static enum MHD_Result begin_request(
	const struct exchange *x, struct MHD_Connection *connection, struct conn *conn)
{
	struct reply r;

	conn_begin_reply(conn);
	read_head(x, connection, conn);
	return answer_refusal(&conn->request, &r)
		       ? send_reply(x, connection, conn, &r, NULL)
		       : MHD_YES;
}

/* The query as it came; the library has cut it into arguments. */
static enum MHD_Result each_argument(void *cls, enum MHD_ValueKind kind, const char *name,
	size_t name_len, const char *value, size_t value_len)
{
	struct buf *query = cls;

	(void)kind;
	if (query->len > 0)
		buf_add_byte(query, '&');
	buf_add(query, name, name_len);
	if (value) {
		buf_add_byte(query, '=');
		buf_add(query, value, value_len);
	}
	return MHD_YES;
}

static void answer_in_clear(const struct exchange *x, struct MHD_Connection *connection,
	const struct request *q, struct reply *r, struct file **file)
{
	auto_buf struct buf query = BUF_INIT(HEAD_BYTES_MAX);

	MHD_get_connection_values_n(
		connection, MHD_GET_ARGUMENT_KIND, each_argument, &query);
	upgrade_request(x->answers, q, buf_str(&query), r, file);
}

/* Second call: all of the request is there. */
static enum MHD_Result finish_request(
	const struct exchange *x, struct MHD_Connection *connection, struct conn *conn)
{
	struct file *file = NULL;
	struct reply r;
	enum MHD_Result result;

	if (x->kind == LISTEN_REDIRECT)
		answer_in_clear(x, connection, &conn->request, &r, &file);
	else if (answer_needs_token(x->answers, &conn->request))
		reply_error(&r, 401, conn->request.target + 1);
	else
		answer_request(x->answers, &conn->request, &r, &file);
	result = send_reply(x, connection, conn, &r, file);
	if (file)
		file_unref(file);
	return result;
}

enum MHD_Result exchange_request(void *cls, struct MHD_Connection *connection,
	const char *url, const char *method, const char *version, const char *upload,
	size_t *upload_size, void **slot)
{
	const struct exchange *x = cls;
	struct conn *conn = *slot;

	(void)upload;
	if (conn)
		return *upload_size > 0 ? MHD_NO : finish_request(x, connection, conn);
	conn = conn_of(connection);
	if (!conn || conn->is_refused)
		return MHD_NO;
	*slot = conn;
	conn->request.method = method;
	conn->request.target = url;
	conn->request.version = version;
	return begin_request(x, connection, conn);
}

static void write_log(
	struct access *a, const struct conn *conn, enum MHD_RequestTerminationCode end)
{
	const struct request *q = &conn->request;
	struct access_entry entry = {
		.peer = q->peer,
		.time_s = time(NULL),
		.method = q->method,
		.target = q->target,
		.version = q->version,
		.status = conn->status,
		.body_bytes = strcmp(q->method, "HEAD") == 0 ? 0 : conn->body_bytes,
		.is_cut = end != MHD_REQUEST_TERMINATED_COMPLETED_OK,
		.user = q->user,
		.user_agent = q->head.user_agent,
	};

	access_log(a, &entry);
}

/* A download that was sent to its end, in one piece or the last of several, or sent for. */
static void count_download(const struct exchange *x, const struct request *q)
{
	struct resolved target = { .len = 0 };
	struct image image;
	struct err e;

	if (strcmp(q->method, "GET") == 0 && strstr(q->target, "images/") &&
		resolve_target(bytes_of_str(q->target), &target, &e) == 0 &&
		answer_strip_prefix(x->answers, &target) &&
		layout_is_download(target.path, &image))
		metrics_download(x->metrics, &image);
}

static void count(const struct exchange *x, struct MHD_Connection *connection,
	const struct conn *conn, bool is_whole)
{
	bool is_head = strcmp(conn->request.method, "HEAD") == 0;

	metrics_reply(
		x->metrics, conn->status, is_whole && !is_head ? conn->body_bytes : 0);
	if (x->kind == LISTEN_TLS && conn->requests == 1) {
		const union MHD_ConnectionInfo *info = MHD_get_connection_info(
			connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);

		metrics_handshake(x->metrics, info && tls_is_resumed(info->tls_session));
	}
	if (is_whole && conn->reaches_end)
		count_download(x, &conn->request);
}

void exchange_completed(void *cls, struct MHD_Connection *connection, void **slot,
	enum MHD_RequestTerminationCode end)
{
	const struct exchange *x = cls;
	struct conn *conn = *slot;

	if (!conn)
		return;
	count(x, connection, conn, end == MHD_REQUEST_TERMINATED_COMPLETED_OK);
	if (x->access)
		write_log(x->access, conn, end);
	conns_end_reply(x->conns, conn);
}

/* In the log it is a line without a request, for whoever bans addresses by it. */
static void tell_refusal(const struct exchange *x, const struct conn *conn)
{
	const struct access_entry entry = {
		.peer = conn->request.peer,
		.time_s = time(NULL),
		.method = "-",
		.target = "-",
		.version = "-",
		.status = 503,
	};

	metrics_refusal(x->metrics);
	if (x->access)
		access_log(x->access, &entry);
}

static void begin_tls(
	const struct exchange *x, struct MHD_Connection *connection, struct conn *conn)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);

	conn->identity =
		info ? tls_begin(x->answers->policy.tls, info->tls_session, &conn->hello)
		     : NULL;
	if (!conn->identity)
		shutdown(conn->sock_fd, SHUT_RDWR);
}

static void end_connection(const struct exchange *x, struct conn *conn)
{
	if (conn->identity)
		tls_end(conn->identity);
	conns_remove(x->conns, conn);
}

void exchange_connection(void *cls, struct MHD_Connection *connection, void **slot,
	enum MHD_ConnectionNotificationCode what)
{
	const struct exchange *x = cls;
	const union MHD_ConnectionInfo *fd, *peer;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (*slot)
			end_connection(x, *slot);
		*slot = NULL;
		return;
	}
	fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (!fd)
		return;
	peer = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	*slot = conns_add(x->conns, fd->connect_fd, x->kind == LISTEN_TLS,
		peer ? peer->client_addr : NULL);
	metrics_connection(x->metrics);
	if (((struct conn *)*slot)->is_refused)
		tell_refusal(x, *slot);
	if (x->kind == LISTEN_TLS)
		begin_tls(x, connection, *slot);
}

bool exchange_splits_in_place(void)
{
	return strncmp(MHD_get_version(), "0.9.", 4) == 0;
}

void *exchange_target(void *cls, const char *target, struct MHD_Connection *connection)
{
	const struct exchange *x = cls;
	struct conn *conn = conn_of(connection);

	if (x->splits_in_place)
		believe_no_length(connection);
	if (conn)
		conn->target_len = target ? strcspn(target, " ") : 0;
	return NULL;
}

/* The target stays as it came: resolve.c decodes it once and judges the result. */
size_t exchange_keep_escapes(void *cls, struct MHD_Connection *connection, char *s)
{
	(void)cls;
	(void)connection;
	return strlen(s);
}
