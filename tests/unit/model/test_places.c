#include "lib/model/places.h"

#include "tests/unit/unit.h"

#include <sys/stat.h>

#define ID "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static const char *nothing(const char *name)
{
	(void)name;
	return NULL;
}

static const char *home_only(const char *name)
{
	return strcmp(name, "HOME") == 0 ? "/home/u" : NULL;
}

static const char *everything(const char *name)
{
	static const char *const table[][2] = { { "XDG_DATA_HOME", "/d" },
		{ "XDG_STATE_HOME", "/s" }, { "XDG_CACHE_HOME", "/c" },
		{ "XDG_CONFIG_HOME", "/f" }, { "XDG_RUNTIME_DIR", "/r" },
		{ "HOME", "/home/u" } };

	for (size_t i = 0; i < ARRAY_COUNT(table); i++)
		if (strcmp(table[i][0], name) == 0)
			return table[i][1];
	return NULL;
}

static const char *relative(const char *name)
{
	return strcmp(name, "HOME") == 0 ? "/home/u" : "data";
}

static const char *empty(const char *name)
{
	(void)name;
	return "";
}

static const char *endless(const char *name)
{
	static char path[2000];

	(void)name;
	memset(path, 'a', sizeof(path) - 1);
	path[0] = '/';
	return path;
}

static void expect(
	enum place which, const char *(*env)(const char *name), const char *want)
{
	char out[PLACE_MAX];
	struct err e;

	if (place_path(which, env, out, &e) < 0)
		fail_msg("%s", e.text);
	assert_string_equal(out, want);
}

static void places_follow_the_variables(void **state)
{
	(void)state;
	expect(PLACE_DATA, everything, "/d/rootyard");
	expect(PLACE_STATE, everything, "/s/rootyard");
	expect(PLACE_CACHE, everything, "/c/rootyard");
	expect(PLACE_CONFIG, everything, "/f/rootyard");
	expect(PLACE_RUN, everything, "/r/rootyard");
}

static void places_fall_back_to_home(void **state)
{
	(void)state;
	expect(PLACE_DATA, home_only, "/home/u/.local/share/rootyard");
	expect(PLACE_STATE, home_only, "/home/u/.local/state/rootyard");
	expect(PLACE_CACHE, home_only, "/home/u/.cache/rootyard");
	expect(PLACE_CONFIG, home_only, "/home/u/.config/rootyard");
	expect(PLACE_DATA, relative, "/home/u/.local/share/rootyard");
}

static void the_run_place_falls_back_to_the_state_place(void **state)
{
	char dir[64], want[96];
	struct stat st;

	(void)state;
	snprintf(dir, sizeof(dir), "/run/user/%u", (unsigned int)geteuid());
	snprintf(want, sizeof(want), "%s/rootyard", dir);
	if (lstat(dir, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		snprintf(want, sizeof(want), "/home/u/.local/state/rootyard/run");
	expect(PLACE_RUN, home_only, want);
}

static void places_need_an_absolute_path(void **state)
{
	char out[PLACE_MAX] = "kept";
	struct err e;

	(void)state;
	for (enum place p = PLACE_DATA; p <= PLACE_CONFIG; p++) {
		assert_int_equal(place_path(p, nothing, out, &e), -1);
		assert_int_equal(e.code, ERR_USAGE);
		assert_int_equal(place_path(p, empty, out, &e), -1);
		assert_int_equal(place_path(p, endless, out, &e), -1);
		assert_int_equal(e.code, ERR_LIMIT);
		assert_string_equal(out, "kept");
	}
	assert_int_equal(place_path(PLACE_RUN, endless, out, &e), -1);
}

static void references_have_a_place(void **state)
{
	struct image i;
	char out[PLACE_MAX];
	struct err e;

	(void)state;
	assert_int_equal(image_parse("debian/trixie/amd64/default", &i, &e), 0);
	place_ref("home", &i, out);
	assert_string_equal(out, "refs/home/debian/trixie/amd64/default");
}

static void ref_parse_takes_serial_and_id(void **state)
{
	char serial[SERIAL_MAX], id[72];
	struct err e;

	(void)state;
	assert_int_equal(
		ref_parse(bytes_of_str("20261123_0207 " ID "\n"), serial, id, &e), 0);
	assert_string_equal(serial, "20261123_0207");
	assert_string_equal(id, ID);
	assert_int_equal(
		ref_parse(bytes_of_str("20261123_02:07 " ID ".1id\n"), serial, id, &e),
		0);
	assert_string_equal(serial, "20261123_02:07");
	assert_string_equal(id, ID ".1id");
}

static void ref_parse_refuses_everything_else(void **state)
{
	static const char *const bad[] = { "", "\n", "x\n", "20261123_0207 " ID,
		"20261123_0207\n", "20261123_0207 \n", "20261323_0207 " ID "\n",
		"20261123_0207  " ID "\n", "20261123_0207 " ID " \n",
		"20261123_0207 " ID "0\n", "20261123_0207 ../" ID "\n",
		"20261123_0207 " ID ".2id\n", "20261123_0207 " ID ".1id.1id\n",
		"20261123_0207 " ID "\n\n", "20261123_0207 " ID "/..\n" };
	char serial[SERIAL_MAX] = "kept", id[72] = "kept";
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		if (ref_parse(bytes_of_str(bad[i]), serial, id, &e) == 0)
			fail_msg("'%s' was taken", bad[i]);
		assert_int_equal(e.code, ERR_PARSE);
		assert_string_equal(serial, "kept");
		assert_string_equal(id, "kept");
	}
	assert_int_equal(
		ref_parse(bytes_of("20261123_0207 " ID "\0x\n", 81), serial, id, &e), -1);
	assert_int_equal(
		ref_parse(bytes_of("20261123_0207\0" ID "\n", 79), serial, id, &e), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_follow_the_variables),
		cmocka_unit_test(places_fall_back_to_home),
		cmocka_unit_test(the_run_place_falls_back_to_the_state_place),
		cmocka_unit_test(places_need_an_absolute_path),
		cmocka_unit_test(references_have_a_place),
		cmocka_unit_test(ref_parse_takes_serial_and_id),
		cmocka_unit_test(ref_parse_refuses_everything_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
