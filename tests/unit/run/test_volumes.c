#include "client/run/net.h"
#include "client/run/volumes.h"
#include "tests/unit/unit.h"

static int add(enum volume_kind kind, const char *text, struct volumes *v)
{
	const char *const list[] = { text, NULL };
	struct err e;

	return volumes_add(v, kind, list, &e);
}

static void parts_of_a_volume_are_found(void **state)
{
	struct volumes v = { .count = 0 };
	struct err e;

	(void)state;
	assert_int_equal(volumes_add(&v, VOLUME_BIND, NULL, &e), 0);
	assert_int_equal(add(VOLUME_BIND, "/a:/b:ro", &v), 0);
	assert_int_equal(add(VOLUME_BIND, "/a b:/c", &v), 0);
	assert_int_equal(add(VOLUME_TMPFS, "/t:64m", &v), 0);
	assert_int_equal(add(VOLUME_DEVICE, "/dev/fuse", &v), 0);
	assert_int_equal(v.count, 4);
	assert_true(v.volume[0].read_only);
	assert_false(v.volume[1].read_only);
	assert_string_equal(v.volume[1].source, "/a b");
	assert_string_equal(v.volume[2].source, "64m");
	assert_string_equal(v.volume[3].target, "/dev/fuse");
	volumes_release(&v);
}

static void malformed_volumes_are_refused(void **state)
{
	static const struct {
		enum volume_kind kind;
		const char *text;
	} bad[] = { { VOLUME_BIND, "" }, { VOLUME_BIND, "/a" }, { VOLUME_BIND, "a:/b" },
		{ VOLUME_BIND, "/a:b" }, { VOLUME_BIND, "/a:/b:ro:x" },
		{ VOLUME_BIND, "/a:/" }, { VOLUME_BIND, "/a:/.." },
		{ VOLUME_BIND, "/a:/proc" }, { VOLUME_BIND, "/a:/sys/x" },
		{ VOLUME_TMPFS, "/t:" }, { VOLUME_TMPFS, "/t:1,mode=0" },
		{ VOLUME_TMPFS, "t" }, { VOLUME_DEVICE, "/a:/b:/c" } };
	struct volumes v = { .count = 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_equal(add(bad[i].kind, bad[i].text, &v), -1);
	volumes_release(&v);
}

static void ports_are_what_pasta_takes(void **state)
{
	static const struct {
		const char *text, *spec;
		bool udp;
	} good[] = { { "8080", "8080:8080", false }, { "8080:80", "8080:80", false },
		{ "53:5353/udp", "53:5353", true }, { "80/tcp", "80:80", false },
		{ "127.0.0.1:8080:80", "127.0.0.1/8080:80", false },
		{ "[::1]:8080:80", "::1/8080:80", false } };
	static const char *const bad[] = { "", ":", "0", "65536", "80:", ":80", "80:0",
		"a:80", "1.2.3:80", "80/sctp", "80:81:82:83", "[::1]80", "[x]:80",
		"127.0.0.1:", "80:81/udp/tcp" };
	struct net_port port;
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
		assert_int_equal(net_port_parse(good[i].text, &port, &e), 0);
		assert_string_equal(port.spec, good[i].spec);
		assert_true(port.udp == good[i].udp);
	}
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_int_equal(net_port_parse(bad[i], &port, &e), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_of_a_volume_are_found),
		cmocka_unit_test(malformed_volumes_are_refused),
		cmocka_unit_test(ports_are_what_pasta_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
