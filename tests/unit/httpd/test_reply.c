#include "httpd/reply.h"

#include "tests/unit/unit.h"

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char *field(const struct reply *r, const char *name)
{
	for (size_t i = 0; i < r->field_count; i++)
		if (strcmp(r->field[i].name, name) == 0)
			return r->field[i].value;
	return NULL;
}

static struct file some_file(struct body *b)
{
	struct file f = { .body = b,
		.etag = "\"t\"",
		.type = "application/x-tar",
		.modified = "then",
		.caching = LAYOUT_IMMUTABLE };

	b->size = 100;
	return f;
}

static void reply_of_a_whole_file_tells_everything(void **state)
{
	struct body b = { .fd = -1 };
	struct file f = some_file(&b);
	struct head h = { .fields = 0 };
	struct reply r;

	(void)state;
	reply_file(&r, "images/x", &f, &h, false);
	assert_int_equal(r.status, 200);
	assert_true(r.is_whole);
	assert_int_equal(r.length, 100);
	assert_string_equal(field(&r, "Content-Type"), "application/x-tar");
	assert_string_equal(field(&r, "ETag"), "\"t\"");
	assert_string_equal(field(&r, "Last-Modified"), "then");
	assert_string_equal(field(&r, "Accept-Ranges"), "bytes");
	assert_string_equal(field(&r, "X-Content-Type-Options"), "nosniff");
	assert_non_null(strstr(field(&r, "Cache-Control"), "immutable"));
	assert_null(field(&r, "Content-Encoding"));
	assert_null(field(&r, "Docker-Content-Digest"));
}

static void reply_range_is_for_get_and_the_right_tag(void **state)
{
	struct body b = { .fd = -1 };
	struct file f = some_file(&b);
	struct head h = { .range = bytes_of_str("bytes=10-19") };
	struct reply r;

	(void)state;
	reply_file(&r, "x", &f, &h, false);
	assert_int_equal(r.status, 206);
	assert_int_equal(r.first, 10);
	assert_int_equal(r.length, 10);
	assert_string_equal(field(&r, "Content-Range"), "bytes 10-19/100");
	reply_file(&r, "x", &f, &h, true);
	assert_int_equal(r.status, 200);
	h.cond.if_range = bytes_of_str("\"other\"");
	reply_file(&r, "x", &f, &h, false);
	assert_int_equal(r.status, 200);
	assert_int_equal(r.length, 100);
	h.cond.if_range = bytes_of(NULL, 0);
	h.range = bytes_of_str("bytes=100-");
	reply_file(&r, "x", &f, &h, false);
	assert_int_equal(r.status, 416);
	assert_string_equal(field(&r, "Content-Range"), "bytes */100");
	h.range = bytes_of_str("bytes=0-1,2-3");
	reply_file(&r, "x", &f, &h, false);
	assert_int_equal(r.status, 200);
}

static void reply_conditions_come_before_the_range(void **state)
{
	struct body b = { .fd = -1 };
	struct file f = some_file(&b);
	struct head h = { .range = bytes_of_str("bytes=10-19"),
		.cond.if_none_match = bytes_of_str("\"t\"") };
	struct reply r;

	(void)state;
	reply_file(&r, "x", &f, &h, false);
	assert_int_equal(r.status, 304);
	assert_string_equal(field(&r, "ETag"), "\"t\"");
	assert_non_null(field(&r, "Cache-Control"));
	assert_int_equal(r.field_count, 2);
	assert_string_equal(r.body, "");
	h.cond = (struct cond){ .if_match = bytes_of_str("\"x\"") };
	reply_file(&r, "x", &f, &h, false);
	assert_int_equal(r.status, 412);
}

static void reply_to_oci_clients_is_theirs(void **state)
{
	struct body b = { .fd = -1 };
	struct file f = some_file(&b);
	struct head h = { .fields = 0 };
	struct reply r;

	(void)state;
	reply_file(&r, "v2/deb/blobs/sha256:" DIGEST, &f, &h, false);
	assert_string_equal(field(&r, "Docker-Content-Digest"), "sha256:" DIGEST);
	assert_string_equal(field(&r, "Docker-Distribution-API-Version"), "registry/2.0");
	memset(f.digest, 'a', 64);
	reply_file(&r, "v2/deb/manifests/trixie", &f, &h, false);
	assert_int_equal(strspn(field(&r, "Docker-Content-Digest") + 7, "a"), 64);
	reply_error(&r, 404, "v2/deb/manifests/none");
	assert_non_null(strstr(r.body, "MANIFEST_UNKNOWN"));
	assert_string_equal(field(&r, "Content-Type"), "application/json");
	reply_error(&r, 404, "v2/deb/blobs/none");
	assert_non_null(strstr(r.body, "BLOB_UNKNOWN"));
	reply_error(&r, 404, "v2/none/tags/list");
	assert_non_null(strstr(r.body, "NAME_UNKNOWN"));
	reply_error(&r, 405, "v2/deb/blobs/uploads/");
	assert_non_null(strstr(r.body, "UNSUPPORTED"));
	assert_string_equal(field(&r, "Allow"), "GET, HEAD");
}

static void reply_redirect_is_relative(void **state)
{
	struct reply r;

	(void)state;
	reply_redirect(&r, "images/debian");
	assert_int_equal(r.status, 301);
	assert_string_equal(field(&r, "Location"), "./debian/");
	reply_redirect(&r, "a:b\r\nX: y%");
	assert_string_equal(field(&r, "Location"), "./a:b%0D%0AX:%20y%25/");
}

static void reply_is_common_when_nothing_of_the_request_is_in_it(void **state)
{
	struct body b = { .fd = -1 };
	struct file f = some_file(&b);
	struct head h = { .range = bytes_of_str("bytes=100-") };
	struct reply r;

	(void)state;
	reply_error(&r, 404, "a");
	assert_true(reply_is_common(&r));
	reply_error(&r, 405, "v2/a/manifests/b");
	assert_true(reply_is_common(&r));
	reply_redirect(&r, "a/b");
	assert_false(reply_is_common(&r));
	reply_file(&r, "images/x", &f, &h, false);
	assert_int_equal(r.status, 416);
	assert_false(reply_is_common(&r));
	h.range = bytes_of(NULL, 0);
	reply_file(&r, "images/x", &f, &h, false);
	assert_false(reply_is_common(&r));
	reply_unchanged(&r, "images/x", &f);
	assert_false(reply_is_common(&r));
	assert_string_equal(field(&r, "ETag"), "\"t\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reply_of_a_whole_file_tells_everything),
		cmocka_unit_test(reply_range_is_for_get_and_the_right_tag),
		cmocka_unit_test(reply_conditions_come_before_the_range),
		cmocka_unit_test(reply_to_oci_clients_is_theirs),
		cmocka_unit_test(reply_redirect_is_relative),
		cmocka_unit_test(reply_is_common_when_nothing_of_the_request_is_in_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
