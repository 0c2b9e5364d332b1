#include "httpd/monitor.h"

#include "httpd/limits.h"

#include <microhttpd.h>

#define TEXT_MAX    (4 << 20)
#define CONNECTIONS 32
#define TIMEOUT_S   10

struct monitor {
	struct monitor_tells tells;
	struct MHD_Daemon *daemon;
};

static void tell_metrics(const struct monitor *m, struct buf *out, unsigned int *status)
{
	(void)status;
	m->tells.metrics(m->tells.ctx, out);
}

static void tell_alive(const struct monitor *m, struct buf *out, unsigned int *status)
{
	bool is_alive = m->tells.is_alive(m->tells.ctx);

	*status = is_alive ? 200 : 503;
	buf_add_str(out, is_alive ? "ok\n" : "a thread is stuck\n");
}

static void tell_ready(const struct monitor *m, struct buf *out, unsigned int *status)
{
	bool is_ready = m->tells.is_ready(m->tells.ctx);

	*status = is_ready ? 200 : 503;
	buf_add_str(out, is_ready ? "ok\n" : "not ready\n");
}

static const struct {
	const char *path, *type;
	void (*tell)(const struct monitor *m, struct buf *out, unsigned int *status);
} pages[] = {
	{ "/metrics", "text/plain; version=0.0.4; charset=utf-8", tell_metrics },
	{ "/livez", "text/plain; charset=utf-8", tell_alive },
	{ "/readyz", "text/plain; charset=utf-8", tell_ready },
};

static enum MHD_Result send_text(struct MHD_Connection *connection, unsigned int status,
	const char *type, struct buf *text)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		text->len, text->data, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result result = MHD_NO;

	if (!response)
		return MHD_NO;
	if (MHD_add_response_header(response, "Content-Type", type) == MHD_YES &&
		MHD_add_response_header(response, "Cache-Control", "no-store") == MHD_YES)
		result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection,
	const char *url, const char *method, const char *version, const char *upload,
	size_t *upload_size, void **slot)
{
	static int begun;
	const struct monitor *m = cls;
	auto_buf struct buf text = BUF_INIT(TEXT_MAX);
	const char *type = "text/plain; charset=utf-8";
	bool is_read = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
	unsigned int status = is_read ? 404 : 405;

	(void)version;
	(void)upload;
	if (!*slot) {
		*slot = &begun;
		return MHD_YES;
	}
	if (*upload_size > 0)
		return MHD_NO;
	for (size_t i = 0; is_read && i < ARRAY_COUNT(pages); i++) {
		if (strcmp(url, pages[i].path) != 0)
			continue;
		status = 200;
		type = pages[i].type;
		pages[i].tell(m, &text, &status);
	}
	if (text.len == 0)
		buf_add_str(
			&text, status == 404 ? "not found\n" : "method not allowed\n");
	return send_text(connection, status, type, &text);
}

int monitor_start(int sock_fd, const struct monitor_tells *tells, struct monitor **out,
	struct err *e)
{
	struct monitor *m = xcalloc(1, sizeof(*m));

	m->tells = *tells;
	m->daemon = MHD_start_daemon(
		MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_ERROR_LOG, 0, NULL,
		NULL, on_request, m, MHD_OPTION_EXTERNAL_LOGGER, limits_wait, NULL,
		MHD_OPTION_LISTEN_SOCKET, sock_fd, MHD_OPTION_CONNECTION_LIMIT,
		CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, TIMEOUT_S, MHD_OPTION_END);
	if (!m->daemon) {
		free(m);
		return err_set(e, ERR_FAILED, "cannot start the metrics socket");
	}
	*out = m;
	return 0;
}

void monitor_stop(struct monitor **slot)
{
	struct monitor *m = *slot;

	if (!m)
		return;
	MHD_stop_daemon(m->daemon);
	free(m);
	*slot = NULL;
}
