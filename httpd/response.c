#include "httpd/response.h"

#include <microhttpd.h>

#define BLOCK_BYTES (128 << 10) /* read ahead of a slow reader */

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

void response_prepare(void *ctx, const char *path, struct file *f)
{
	struct reply r;

	(void)ctx;
	if (!bytes_to_send(f->body, false))
		return;
	reply_whole(&r, path, f);
	f->ready = make_response(&r, f, false);
	f->forget = forget_response;
}

bool response_queue(struct MHD_Connection *connection, const struct reply *r,
	const struct file *f, bool is_tls)
{
	struct MHD_Response *response;
	enum MHD_Result result;

	if (f && r->is_whole && !r->close && f->ready && bytes_to_send(f->body, is_tls))
		return MHD_queue_response(connection, r->status, f->ready) == MHD_YES;
	response = make_response(r, f, is_tls);
	if (!response)
		return false;
	result = MHD_queue_response(connection, r->status, response);
	MHD_destroy_response(response);
	return result == MHD_YES;
}
