#include "client/image/remote.h"
#include "tests/unit/unit.h"

#define FPR "BE318B526788BC110C0E207AC7F4CB253377859D"

static int parse(struct remotes *r, const char *text, struct err *e)
{
	return remotes_parse(r, bytes_of_str(text), "remotes.yaml", true, e);
}

static void remotes_are_read(void **state)
{
	auto_remotes struct remotes r = { 0 };
	const struct remote *one;
	struct err e;

	(void)state;
	assert_int_equal(
		parse(&r,
			"schema: 1\nremotes:\n"
			"  a: {url: \"https://a.example/x\", fingerprint: " FPR "}\n"
			"  b: {url: \"http://b.example\", root: /r, ca: /ca, kind: "
			"rootyard, insecure_transport: true}\n",
			&e),
		0);
	assert_int_equal(r.count, 2);
	assert_int_equal(remotes_find(&r, "b", &one, &e), 0);
	assert_string_equal(one->url, "http://b.example");
	assert_string_equal(one->ca, "/ca");
	assert_true(one->insecure_transport);
	assert_null(one->fingerprint);
}

static void remotes_refuse_what_they_do_not_know(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "remotes: {}\n", "schema: 1" },
		{ "schema: 2\n", "schema: 1" },
		{ "schema: 1\nremote: {}\n", "2:1: unknown key 'remote'" },
		{ "schema: 1\nremotes: []\n", "mapping" },
		{ "schema: 1\nremotes:\n  a: {url: \"https://a\", root: /r, evil: x}\n",
			"unknown key 'evil'" },
		{ "schema: 1\nremotes:\n  a: {root: /r}\n", "no url" },
		{ "schema: 1\nremotes:\n  a: {url: \"https://a\"}\n",
			"fingerprint or root" },
		{ "schema: 1\nremotes:\n  a: {url: \"https://a\", root: /r, fingerprint: "
		  "X}\n",
			"fingerprint or root" },
		{ "schema: 1\nremotes:\n  a: {url: \"http://a\", root: /r}\n",
			"--insecure-transport" },
		{ "schema: 1\nremotes:\n  a: {url: \"ftp://a\", root: /r}\n",
			"https://" },
		{ "schema: 1\nremotes:\n  ../a: {url: \"https://a\", root: /r}\n",
			"no name of a remote" },
		{ "schema: 1\nremotes:\n  a: {url: \"https://a\", root: /r, kind: lxc}\n",
			"signs nothing" },
		{ "schema: 1\nremotes:\n  a: {url: \"https://a\", kind: else}\n",
			"unknown kind" },
		{ "schema: 1\nremotes:\n  a: {url: \"https://a\", root: /r, "
		  "insecure_transport: maybe}\n",
			"true or false" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		auto_remotes struct remotes r = { 0 };
		struct err e;

		assert_int_equal(parse(&r, cases[i].text, &e), -1);
		if (!strstr(e.text, cases[i].says))
			fail_msg("'%s' does not say '%s'", e.text, cases[i].says);
	}
}

static struct remote named(const char *name)
{
	return (struct remote){ .name = name,
		.url = "https://x",
		.root = "/r",
		.kind = "rootyard",
		.own = true };
}

static void remotes_default_is_the_only_one_or_the_one_called_so(void **state)
{
	auto_remotes struct remotes r = { 0 };
	struct remote a = named("a"), b = named("b"), d = named("default");
	const struct remote *found;
	struct err e;

	(void)state;
	assert_int_equal(remotes_find(&r, "", &found, &e), -1);
	assert_int_equal(e.code, ERR_NOTFOUND);
	assert_int_equal(remotes_add(&r, &a, &e), 0);
	assert_int_equal(remotes_find(&r, "", &found, &e), 0);
	assert_string_equal(found->name, "a");
	assert_int_equal(remotes_add(&r, &b, &e), 0);
	assert_int_equal(remotes_find(&r, "", &found, &e), -1);
	assert_int_equal(e.code, ERR_USAGE);
	assert_int_equal(remotes_add(&r, &d, &e), 0);
	assert_int_equal(remotes_find(&r, "", &found, &e), 0);
	assert_string_equal(found->name, "default");
}

static void remotes_have_one_of_each_name(void **state)
{
	auto_remotes struct remotes r = { 0 };
	struct remote a = named("a");
	struct err e;

	(void)state;
	a.file = "remotes.yaml";
	assert_int_equal(remotes_add(&r, &a, &e), 0);
	assert_int_equal(remotes_add(&r, &a, &e), -1);
	assert_int_equal(e.code, ERR_CONFLICT);
}

static void remotes_of_others_stay(void **state)
{
	auto_remotes struct remotes r = { 0 };
	struct remote a = named("a");
	struct err e;

	(void)state;
	a.own = false;
	a.file = "/usr/share/x.yaml";
	assert_int_equal(remotes_add(&r, &a, &e), 0);
	assert_int_equal(remotes_remove(&r, "a", &e), -1);
	assert_int_equal(r.count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(remotes_are_read),
		cmocka_unit_test(remotes_refuse_what_they_do_not_know),
		cmocka_unit_test(remotes_default_is_the_only_one_or_the_one_called_so),
		cmocka_unit_test(remotes_have_one_of_each_name),
		cmocka_unit_test(remotes_of_others_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
