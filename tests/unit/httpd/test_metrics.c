#include "httpd/metrics.h"

#include "tests/unit/unit.h"

static const char *text_of(
	struct metrics *m, const struct metrics_now *now, struct buf *out)
{
	buf_clear(out);
	metrics_format(m, now, out);
	return buf_str(out);
}

static void metrics_count_replies_and_bytes(void **state)
{
	struct metrics *m = metrics_new();
	struct metrics_now now = { .connections = 3, .started_s = 5 };
	auto_buf struct buf out = BUF_INIT(1 << 20);
	const char *text;

	(void)state;
	metrics_reply(m, 200, 10);
	metrics_reply(m, 200, 5);
	metrics_reply(m, 418, 0);
	metrics_connection(m);
	metrics_handshake(m, true);
	text = text_of(m, &now, &out);
	assert_non_null(
		strstr(text, "\nrootyard_httpd_requests_total{code=\"200\"} 2\n"));
	assert_non_null(
		strstr(text, "\nrootyard_httpd_requests_total{code=\"other\"} 1\n"));
	assert_non_null(
		strstr(text, "\nrootyard_httpd_requests_total{code=\"404\"} 0\n"));
	assert_non_null(strstr(text, "\nrootyard_httpd_response_body_bytes_total 15\n"));
	assert_non_null(strstr(text, "\nrootyard_httpd_connections 3\n"));
	assert_non_null(strstr(text, "{handshake=\"resumed\"} 1\n"));
	assert_null(strstr(text, "generation"));
	metrics_free(&m);
}

static void metrics_downloads_are_bounded(void **state)
{
	struct metrics *m = metrics_new();
	struct metrics_now now = { .started_s = 1 };
	auto_buf struct buf out = BUF_INIT(4 << 20);
	struct image image = { "debian", "trixie", "amd64", "default" };
	const char *text;

	(void)state;
	metrics_download(m, &image);
	for (unsigned int i = 0; i < METRICS_IMAGES + 5; i++) {
		snprintf(image.release, sizeof(image.release), "r%u", i);
		metrics_download(m, &image);
	}
	snprintf(image.release, sizeof(image.release), "trixie");
	metrics_download(m, &image);
	text = text_of(m, &now, &out);
	assert_non_null(
		strstr(text, "downloads_total{distro=\"debian\",release=\"trixie\","
			     "arch=\"amd64\",variant=\"default\"} 2\n"));
	assert_non_null(strstr(text, "downloads_total{distro=\"\",release=\"\",arch=\"\","
				     "variant=\"\"} 6\n"));
	assert_false(out.over);
	metrics_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(metrics_count_replies_and_bytes),
		cmocka_unit_test(metrics_downloads_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
