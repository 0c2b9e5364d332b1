#include "lib/adapt/gz.h"
#include "lib/adapt/inflate.h"
#include "lib/adapt/xz.h"
#include "lib/adapt/zst.h"

#include "tests/unit/memory_reader.h"
#include "tests/unit/unit.h"

/* Everything in it, or -1 with the sentence. */
static int inflate_all(struct bytes in, char *name, struct buf *out, struct err *e)
{
	struct memory_reader memory = { .rest = in };
	struct reader r = { .read = memory_read, .ctx = &memory }, plain;
	auto_inflate struct inflate *i = NULL;
	char chunk[1000];
	ssize_t n;

	if (inflate_open(&r, &i, e) < 0)
		return -1;
	snprintf(name, 16, "%s", inflate_name(i));
	plain = inflate_as_reader(i);
	while ((n = reader_read(&plain, chunk, sizeof(chunk), e)) > 0)
		buf_add(out, chunk, (size_t)n);
	return n < 0 ? -1 : 0;
}

static void check(const struct buf *packed, const char *name, struct bytes raw)
{
	auto_buf struct buf out = BUF_INIT(1U << 20);
	char got[16];
	struct err e;

	if (inflate_all(buf_bytes(packed), got, &out, &e) < 0)
		fail_msg("%s", e.text);
	assert_string_equal(got, name);
	assert_true(bytes_equal(buf_bytes(&out), raw));
}

static void inflate_tells_what_compressed_it(void **state)
{
	auto_buf struct buf raw = BUF_INIT(1U << 20), xz = BUF_INIT(1U << 20),
			    zst = BUF_INIT(1U << 20), gz = BUF_INIT(1U << 20);
	struct err e;

	(void)state;
	buf_add_fill(&raw, 'r', 100000);
	assert_int_equal(xz_encode(buf_bytes(&raw), 0, &xz, &e), 0);
	assert_int_equal(zst_encode(buf_bytes(&raw), 1, &zst, &e), 0);
	assert_int_equal(gz_encode(buf_bytes(&raw), 1, &gz, &e), 0);
	check(&xz, "xz", buf_bytes(&raw));
	check(&zst, "zstd", buf_bytes(&raw));
	check(&gz, "gzip", buf_bytes(&raw));
	check(&raw, "none", buf_bytes(&raw));
}

static void inflate_of_nothing_is_nothing(void **state)
{
	auto_buf struct buf none = BUF_INIT(16);

	(void)state;
	check(&none, "none", bytes_of("", 0));
}

static void inflate_refuses_what_is_cut(void **state)
{
	auto_buf struct buf raw = BUF_INIT(1U << 20), xz = BUF_INIT(1U << 20),
			    out = BUF_INIT(1U << 20);
	char name[16];
	struct err e;

	(void)state;
	for (unsigned int i = 0; i < 100000; i++)
		buf_printf(&raw, "%u", i * 2654435761U);
	assert_int_equal(xz_encode(buf_bytes(&raw), 0, &xz, &e), 0);
	assert_int_equal(inflate_all(bytes_of(xz.data, xz.len / 2), name, &out, &e), -1);
	assert_int_equal(e.code, ERR_PARSE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inflate_tells_what_compressed_it),
		cmocka_unit_test(inflate_of_nothing_is_nothing),
		cmocka_unit_test(inflate_refuses_what_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
