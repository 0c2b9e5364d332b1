#include "httpd/response.h"

#include <microhttpd.h>

#include <pthread.h>
#include <stdatomic.h>

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

/* What is made of a file in advance. */
struct ready {
	struct MHD_Response *whole; /* NULL: its bytes are read block by block */
	struct MHD_Response *unchanged;
};

static void forget_responses(void *p)
{
	struct ready *ready = p;

	if (ready->whole)
		MHD_destroy_response(ready->whole);
	if (ready->unchanged)
		MHD_destroy_response(ready->unchanged);
	free(ready);
}

void response_prepare(void *ctx, const char *path, struct file *f)
{
	struct ready *ready = xcalloc(1, sizeof(*ready));
	struct reply r;

	(void)ctx;
	if (bytes_to_send(f->body, false)) {
		reply_whole(&r, path, f);
		ready->whole = make_response(&r, f, false);
	}
	reply_unchanged(&r, path, f);
	ready->unchanged = make_response(&r, NULL, false);
	f->ready = ready;
	f->forget = forget_responses;
}

static struct MHD_Response *find_ready(
	const struct reply *r, const struct file *f, bool is_tls)
{
	const struct ready *ready = f ? f->ready : NULL;

	if (!ready)
		return NULL;
	if (r->is_whole && bytes_to_send(f->body, is_tls))
		return ready->whole;
	return r->status == 304 ? ready->unchanged : NULL;
}

#define COMMON_MAX 32

struct responses {
	pthread_mutex_t lock;
	atomic_size_t count; /* slots below it never change again */
	struct common {
		const char *body;
		unsigned int status;
		size_t fields;
		struct MHD_Response *made;
	} slot[COMMON_MAX];
};

struct responses *responses_new(void)
{
	struct responses *s = xcalloc(1, sizeof(*s));

	pthread_mutex_init(&s->lock, NULL);
	return s;
}

void responses_free(struct responses **s)
{
	for (size_t i = 0; *s && i < (*s)->count; i++)
		MHD_destroy_response((*s)->slot[i].made);
	if (*s)
		pthread_mutex_destroy(&(*s)->lock);
	free(*s);
	*s = NULL;
}

static struct MHD_Response *find_common(struct responses *s, const struct reply *r)
{
	size_t count = atomic_load_explicit(&s->count, memory_order_acquire);

	for (size_t i = 0; i < count; i++) {
		const struct common *c = &s->slot[i];

		if (c->body == r->body && c->status == r->status &&
			c->fields == r->field_count)
			return c->made;
	}
	return NULL;
}

/* NULL when there is no room: then each is made anew. */
static struct MHD_Response *add_common(struct responses *s, const struct reply *r)
{
	struct MHD_Response *made;
	size_t count;

	pthread_mutex_lock(&s->lock);
	made = find_common(s, r);
	count = s->count;
	if (!made && count < COMMON_MAX && (made = make_response(r, NULL, false))) {
		s->slot[count] =
			(struct common){ r->body, r->status, r->field_count, made };
		atomic_store_explicit(&s->count, count + 1, memory_order_release);
	}
	pthread_mutex_unlock(&s->lock);
	return made;
}

bool response_queue(struct responses *s, struct MHD_Connection *connection,
	const struct reply *r, const struct file *f, bool is_tls)
{
	struct MHD_Response *response = NULL;
	enum MHD_Result result;

	if (!r->close && reply_is_common(r)) {
		response = find_common(s, r);
		if (!response)
			response = add_common(s, r);
	} else if (!r->close) {
		response = find_ready(r, f, is_tls);
	}
	if (response)
		return MHD_queue_response(connection, r->status, response) == MHD_YES;
	response = make_response(r, f, is_tls);
	if (!response)
		return false;
	result = MHD_queue_response(connection, r->status, response);
	MHD_destroy_response(response);
	return result == MHD_YES;
}
