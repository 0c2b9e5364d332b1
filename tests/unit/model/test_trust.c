#include "lib/model/trust.h"
#include "tests/unit/model/hostile.h"

#define REPO "0123456789abcdef0123456789abcdef"

/* ---- envelope */

static const char good_envelope[] =
	"{\"payloadType\":\"" TRUST_TYPE_CURRENT "\",\"payload\":\"eyJhIjoxfQ==\","
	"\"signatures\":[{\"fpr\":\"" FPR_A "\",\"sig\":\"AAEC\"},{\"fpr\":\"" FPR_B
	"\",\"sig\":\"/w==\"}]}\n";

static int parse_envelope(struct bytes text, struct err *e)
{
	struct envelope v auto_envelope = { .type = "" };

	return envelope_parse(text, &v, e);
}

static void envelope_round_trip_gives_the_same_bytes(void **state)
{
	struct buf out auto_buf = BUF_INIT(TRUST_DOC_MAX);
	struct envelope v auto_envelope = { .type = "" };
	struct err e;

	(void)state;
	assert_int_equal(envelope_parse(bytes_of_str(good_envelope), &v, &e), 0);
	assert_string_equal(v.type, TRUST_TYPE_CURRENT);
	assert_true(bytes_equal_str(v.payload, "{\"a\":1}"));
	assert_int_equal(v.signature_count, 2);
	assert_string_equal(v.signature[0].fpr, FPR_A);
	assert_true(bytes_equal(v.signature[0].sig, bytes_of("\0\1\2", 3)));
	assert_true(bytes_equal(v.signature[1].sig, bytes_of("\377", 1)));
	assert_int_equal(envelope_format(v.type, v.payload, v.signature,
				 v.signature_count, &out, &e),
		0);
	assert_string_equal(buf_str(&out), good_envelope);
}

static void what_is_signed_has_its_lengths_in_decimal(void **state)
{
	struct buf out auto_buf = BUF_INIT(1000);

	(void)state;
	trust_pae("http://example.com/HelloWorld", bytes_of_str("hello world"), &out);
	assert_string_equal(
		buf_str(&out), "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
	buf_clear(&out);
	trust_pae(TRUST_TYPE_ROOT, bytes_of("\0\n", 2), &out);
	assert_true(bytes_equal(buf_bytes(&out),
		bytes_of("DSSEv1 22 rootyard/root+json;v=1 2 \0\n", 37)));
}

static void hostile_envelopes_are_refused(void **state)
{
	static const struct crime crimes[] = {
		{ "\"payloadType\"", "\"payloadtype\"", "'payloadType': missing" },
		{ "\"payload\":", "\"payload\":\"\",\"payload\":", "duplicate" },
		{ "eyJhIjoxfQ==", "eyJhIjoxfQ=", "" },
		{ "eyJhIjoxfQ==", "eyJhIjoxfR==", "" }, /* loose bits at the end */
		{ "eyJhIjoxfQ==", "eyJh\\nIjoxfQ==", "" },
		{ "\"eyJhIjoxfQ==\"", "{\"a\":1}", "'payload': not a string" },
		{ FPR_A, "AAAA", "no key fingerprint" },
		{ FPR_A, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
			"no key fingerprint" },
		{ FPR_A, FPR_A "A", "no key fingerprint" },
		{ "\"AAEC\"", "7", "'sig': not a string" },
		{ "\"AAEC\"", "\"A-_C\"", "" },
		{ "\"signatures\":[", "\"signatures\":[[],",
			"'signatures': not an object" },
		{ "\"signatures\":[", "\"signatures\":{},\"x\":[", "'signatures'" },
	};

	(void)state;
	hostile_all(parse_envelope, good_envelope, crimes, ARRAY_COUNT(crimes));
	hostile_cut(parse_envelope, good_envelope);
}

static void envelope_size_and_signatures_are_bounded(void **state)
{
	struct buf many auto_buf = BUF_INIT(TRUST_DOC_MAX);
	char *full = hostile_padded(good_envelope, TRUST_DOC_MAX);
	char *more = hostile_padded(good_envelope, TRUST_DOC_MAX + 1), *bad;
	struct err e;

	(void)state;
	assert_int_equal(parse_envelope(bytes_of_str(full), &e), 0);
	hostile_refused(
		parse_envelope, bytes_of_str(more), ERR_LIMIT, "larger than 65536");
	buf_add_str(&many, "\"signatures\":[");
	for (int i = 0; i < 15; i++)
		buf_add_str(&many, "{\"fpr\":\"" FPR_A "\",\"sig\":\"AAEC\"},");
	bad = hostile_edit(good_envelope, "\"signatures\":[", buf_str(&many));
	hostile_refused(parse_envelope, bytes_of_str(bad), ERR_LIMIT, "17 items");
	free(full);
	free(more);
	free(bad);
}

static void too_large_a_payload_is_not_written(void **state)
{
	const struct trust_signature none = { .fpr = "" };
	struct buf out auto_buf = BUF_INIT(1 << 20);
	char *payload = hostile_padded("{}", 60000);
	struct err e;

	(void)state;
	assert_int_equal(
		envelope_format("t", bytes_of_str(payload), &none, 0, &out, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
	free(payload);
}

/* ---- root */

static const char good_root[] =
	"{\"schema\":1,\"version\":2,\"created\":1000,\"expires\":9000,\"repo\":\"" REPO
	"\",\"keys\":{\"" FPR_A "\":\"armour of a\\n\",\"" FPR_B "\":\"armour of b\\n\"},"
	"\"roles\":{\"root\":{\"keys\":[\"" FPR_A "\"],\"threshold\":1},"
	"\"publish\":{\"keys\":[\"" FPR_A "\",\"" FPR_B "\"],\"threshold\":2},"
	"\"timestamp\":{\"keys\":[\"" FPR_B "\"],\"threshold\":1}},"
	"\"valid\":{\"" FPR_B "\":{\"from\":2000,\"until\":3000}},"
	"\"revoked\":[{\"fpr\":\"CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC\","
	"\"since\":1500,\"reason\":\"stolen\"}]}\n";

static int parse_root(struct bytes text, struct err *e)
{
	struct trust_root r auto_trust_root = { .version = 0 };

	return trust_root_parse(text, &r, e);
}

static void root_round_trip_gives_the_same_bytes(void **state)
{
	struct buf out auto_buf = BUF_INIT(TRUST_DOC_MAX);
	struct trust_root r auto_trust_root = { .version = 0 };
	struct err e;

	(void)state;
	assert_int_equal(trust_root_parse(bytes_of_str(good_root), &r, &e), 0);
	assert_int_equal(r.version, 2);
	assert_string_equal(r.repo, REPO);
	assert_int_equal(r.key_count, 2);
	assert_true(bytes_equal_str(r.key[0].armor, "armour of a\n"));
	assert_int_equal(r.role[TRUST_PUBLISH].threshold, 2);
	assert_int_equal(r.role[TRUST_PUBLISH].count, 2);
	assert_string_equal(r.revoked[0].reason, "stolen");
	assert_int_equal(trust_root_format(&r, &out, &e), 0);
	assert_string_equal(buf_str(&out), good_root);
}

static size_t keys_at(const char *text, enum trust_role_name role, int64_t now_s)
{
	struct trust_root r auto_trust_root = { .version = 0 };
	const char *fprs[TRUST_KEYS_MAX];
	struct verify_role v;
	struct err e;

	assert_int_equal(trust_root_parse(bytes_of_str(text), &r, &e), 0);
	v = trust_role_at(&r, role, now_s, fprs);
	assert_int_equal(v.threshold, r.role[role].threshold);
	assert_ptr_equal(v.fprs, fprs);
	return v.count;
}

static void keys_count_from_until_their_times(void **state)
{
	(void)state;
	assert_int_equal(keys_at(good_root, TRUST_TIMESTAMP, 1999), 0);
	assert_int_equal(keys_at(good_root, TRUST_TIMESTAMP, 2000), 1);
	assert_int_equal(keys_at(good_root, TRUST_TIMESTAMP, 2999), 1);
	assert_int_equal(keys_at(good_root, TRUST_TIMESTAMP, 3000), 0);
	/* A has no times and counts always. */
	assert_int_equal(keys_at(good_root, TRUST_PUBLISH, 1), 1);
	assert_int_equal(keys_at(good_root, TRUST_PUBLISH, 2500), 2);
}

static void root_keys_have_no_times(void **state)
{
	char *text = hostile_edit(
		good_root, "\"valid\":{\"" FPR_B "\"", "\"valid\":{\"" FPR_A "\"");

	(void)state;
	assert_int_equal(keys_at(text, TRUST_ROOT, 1), 1);
	assert_int_equal(keys_at(text, TRUST_PUBLISH, 1), 1); /* B alone */
	free(text);
}

static void revoked_keys_never_count(void **state)
{
	char *text = hostile_edit(
		good_root, "CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC", FPR_B);

	(void)state;
	assert_int_equal(keys_at(text, TRUST_TIMESTAMP, 2500), 0);
	assert_int_equal(keys_at(text, TRUST_PUBLISH, 2500), 1);
	/* Neither before `since`: a thief dates his signatures as he likes. */
	assert_int_equal(keys_at(text, TRUST_TIMESTAMP, 1), 0);
	free(text);
	text = hostile_edit(good_root, "CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC", FPR_A);
	assert_int_equal(keys_at(text, TRUST_ROOT, 2500), 0);
	free(text);
}

static void hostile_roots_are_refused(void **state)
{
	static const struct crime crimes[] = {
		{ "\"schema\":1", "\"schema\":3", "'schema' is 3" },
		{ "\"version\":2", "\"version\":0", "'version'" },
		{ "\"version\":2", "\"version\":9007199254740992", "'version'" },
		{ "\"expires\":9000", "\"expires\":9e3", "" },
		{ REPO, "0123", "'repo'" },
		{ REPO, "0123456789abcdef0123456789abcdeF", "'repo'" },
		{ "{\"" FPR_A "\":", "{\"aa\":", "no key fingerprint" },
		{ "\"armour of a\\n\"", "null", "'keys'" },
		{ "\"" FPR_B "\":\"armour", "\"" FPR_A "\":\"armour", "duplicate" },
		{ "{\"keys\":[\"" FPR_A "\"]",
			"{\"keys\":[\"CCCCCCCCCCCCCCCCCCCCCCCCCCCCC"
			"CCCCCCCCCCC\"]",
			"not among 'keys'" },
		{ "[\"" FPR_A "\",\"" FPR_B "\"]", "[\"" FPR_A "\",\"" FPR_A "\"]",
			"stands twice" },
		{ "[\"" FPR_A "\",\"" FPR_B "\"]", "[\"" FPR_A "\"]",
			"threshold 2 of 1" },
		{ "[\"" FPR_A "\"],\"threshold\":1", "[],\"threshold\":1",
			"threshold 1 of 0" },
		{ "[\"" FPR_A "\"],\"threshold\":1", "[\"" FPR_A "\"],\"threshold\":0",
			"'threshold'" },
		{ "[\"" FPR_A "\"],\"threshold\":1", "[7],\"threshold\":1",
			"not a string" },
		{ "\"publish\":", "\"published\":", "'publish': missing" },
		{ "\"valid\":{\"" FPR_B,
			"\"valid\":{\"CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC"
			"CCCCC",
			"not among 'keys'" },
		{ "{\"from\":2000,\"until\":3000}", "[2000,3000]", "'valid'" },
		{ "\"from\":2000", "\"from\":-1", "'from'" },
		{ "\"until\":3000", "\"until\":\"never\"", "'until'" },
		{ "\"revoked\":[", "\"revoked\":[null,", "'revoked'" },
		{ "\"revoked\":", "\"revokes\":", "'revoked': missing" },
		{ "\"since\":1500", "\"since\":-5", "'since'" },
	};

	(void)state;
	hostile_all(parse_root, good_root, crimes, ARRAY_COUNT(crimes));
	hostile_cut(parse_root, good_root);
}

static void root_keys_and_revocations_are_bounded(void **state)
{
	struct buf many auto_buf = BUF_INIT(TRUST_DOC_MAX);
	char *armour = hostile_padded("\"", VERIFY_KEY_MAX + 3), *bad;
	char *large = hostile_padded(good_root, TRUST_DOC_MAX + 1);

	(void)state;
	buf_add_str(&many, "\"keys\":{");
	for (int i = 0; i < 15; i++)
		buf_printf(&many, "\"DDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDD%02X\":\"x\",",
			i);
	bad = hostile_edit(good_root, "\"keys\":{", buf_str(&many));
	hostile_refused(parse_root, bytes_of_str(bad), ERR_LIMIT, "more than 16 keys");
	free(bad);
	buf_clear(&many);
	buf_add_str(&many, "\"revoked\":[");
	for (int i = 0; i < 64; i++)
		buf_add_str(
			&many, "{\"fpr\":\"" FPR_A "\",\"since\":1,\"reason\":\"\"},");
	bad = hostile_edit(good_root, "\"revoked\":[", buf_str(&many));
	hostile_refused(parse_root, bytes_of_str(bad), ERR_LIMIT, "65 items");
	free(bad);
	memset(armour + 1, 'k', VERIFY_KEY_MAX + 1);
	armour[VERIFY_KEY_MAX + 2] = '"';
	bad = hostile_edit(good_root, "\"armour of a\\n\"", armour);
	hostile_refused(parse_root, bytes_of_str(bad), ERR_LIMIT, "larger than 8192");
	free(bad);
	free(armour);
	hostile_refused(parse_root, bytes_of_str(large), ERR_LIMIT, "larger than 65536");
	free(large);
}

/* ---- current */

static const char good_current[] =
	"{\"schema\":1,\"repo\":\"" REPO
	"\",\"version\":7,\"generation\":3,\"created\":1000,\"expires\":605800,"
	"\"root_version\":1,\"prev_sha256\":\"" HEX_1 "\","
	"\"catalog\":{\"path\":\"meta/2/objects/" HEX_2
	"\",\"size\":512,\"sha256\":\"" HEX_2 "\",\"signatures\":[{\"fpr\":\"" FPR_A
	"\",\"sig\":\"AAEC\"}]},"
	"\"files\":{\"path\":\"meta/2/objects/" HEX_3 "\",\"size\":64,\"sha256\":\"" HEX_3
	"\"}}\n";

static int parse_current(struct bytes text, struct err *e)
{
	struct current c auto_current = { .version = 0 };

	return current_parse(text, &c, e);
}

static void current_round_trip_gives_the_same_bytes(void **state)
{
	struct buf out auto_buf = BUF_INIT(TRUST_DOC_MAX);
	struct current c auto_current = { .version = 0 };
	struct err e;

	(void)state;
	assert_int_equal(current_parse(bytes_of_str(good_current), &c, &e), 0);
	assert_int_equal(c.version, 7);
	assert_int_equal(c.generation, 3);
	assert_int_equal(c.expires_s, 605800);
	assert_string_equal(c.catalog.path, "meta/2/objects/" HEX_2);
	assert_int_equal(c.catalog.size, 512);
	assert_int_equal(c.catalog_signature_count, 1);
	assert_int_equal(c.files.sha256.byte[0], 0x33);
	assert_int_equal(current_format(&c, &out, &e), 0);
	assert_string_equal(buf_str(&out), good_current);
}

static void first_current_has_no_previous(void **state)
{
	char *first = hostile_edit(good_current, HEX_1, "");
	struct err e;

	(void)state;
	assert_int_equal(parse_current(bytes_of_str(first), &e), 0);
	free(first);
}

/* SEC-17 among them: paths leave neither the tree nor the alphabet. */
static void hostile_currents_are_refused(void **state)
{
	static const struct crime crimes[] = {
		{ "\"schema\":1", "\"schema\":0", "'schema' is 0" },
		{ REPO, "", "'repo'" },
		{ "\"version\":7", "\"version\":0", "'version'" },
		{ "\"version\":7", "\"version\":-7", "'version'" },
		{ "\"version\":7", "\"version\":7,\"version\":8", "duplicate" },
		{ "\"generation\":3", "\"generation\":\"3\"", "'generation'" },
		{ "\"root_version\":1", "\"root_version\":0", "'root_version'" },
		{ HEX_1, "11", "'prev_sha256'" },
		{ "\"catalog\":{", "\"catalog\":[],\"x\":{", "'catalog'" },
		{ "meta/2/objects/" HEX_2, "/meta/2/objects/x", "'path'" },
		{ "meta/2/objects/" HEX_2, "meta/../../etc/passwd", "'path'" },
		{ "meta/2/objects/" HEX_2, "..", "'path'" },
		{ "meta/2/objects/" HEX_2, "meta//objects", "'path'" },
		{ "meta/2/objects/" HEX_2, "meta/./objects", "'path'" },
		{ "meta/2/objects/" HEX_2, "meta/", "'path'" },
		{ "meta/2/objects/" HEX_2, "", "'path'" },
		{ "meta/2/objects/" HEX_2, "a b", "'path'" },
		{ "meta/2/objects/" HEX_2, "a?b", "'path'" },
		{ "meta/2/objects/" HEX_2, "a%2e%2e", "'path'" },
		{ "meta/2/objects/" HEX_2, "a\\\\b", "'path'" },
		{ "meta/2/objects/" HEX_2, "a\\u00e9b", "'path'" },
		{ "meta/2/objects/" HEX_2, HEX_1 "/" HEX_1 "/" HEX_1 "/" HEX_1,
			"'path'" },
		{ "\"size\":512", "\"size\":-1", "'size'" },
		{ "\"size\":512", "\"size\":1e3", "" },
		{ "\"signatures\":[", "\"signatures\":[1,", "'signatures'" },
		{ "\"files\":{", "\"file\":{", "'files': missing" },
	};

	(void)state;
	hostile_all(parse_current, good_current, crimes, ARRAY_COUNT(crimes));
	hostile_cut(parse_current, good_current);
}

/* ---- the files of a generation */

static const char good_files[] =
	"[{\"path\":\"meta/1.0/index-user\",\"size\":70,\"sha256\":\"" HEX_1
	"\"},{\"path\":\"meta/1.0/index-user.7\",\"size\":0,\"sha256\":\"" HEX_2 "\"}]\n";

static int parse_files(struct bytes text, struct err *e)
{
	struct arena a auto_arena = { .head = NULL };
	struct trust_object untouched, *file = &untouched;
	size_t count = 77;
	int rc = files_parse(text, &a, &file, &count, e);

	if (rc < 0) {
		assert_ptr_equal(file, &untouched);
		assert_int_equal(count, 77);
	}
	return rc;
}

static void files_round_trip_gives_the_same_bytes(void **state)
{
	struct buf out auto_buf = BUF_INIT(1000);
	struct arena a auto_arena = { .head = NULL };
	struct trust_object *file;
	size_t count;
	struct err e;

	(void)state;
	assert_int_equal(files_parse(bytes_of_str(good_files), &a, &file, &count, &e), 0);
	assert_int_equal(count, 2);
	assert_string_equal(file[1].path, "meta/1.0/index-user.7");
	assert_int_equal(files_format(file, count, &out, &e), 0);
	assert_string_equal(buf_str(&out), good_files);
}

static void hostile_file_lists_are_refused(void **state)
{
	static const struct crime crimes[] = {
		{ "meta/1.0/index-user", "../meta/1.0/index-user", "'path'" },
		{ "\"size\":70", "\"size\":70.5", "" },
		{ "[{", "[[],{", "not an object" },
		{ "[", "{\"files\":[", "" },
		{ HEX_2, "", "'sha256'" },
	};

	(void)state;
	hostile_all(parse_files, good_files, crimes, ARRAY_COUNT(crimes));
	hostile_refused(parse_files, bytes_of_str("{}"), ERR_PARSE, "not an array");
	hostile_refused(parse_files, bytes_of_str("7"), ERR_PARSE, "not an array");
	hostile_cut(parse_files, good_files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(envelope_round_trip_gives_the_same_bytes),
		cmocka_unit_test(what_is_signed_has_its_lengths_in_decimal),
		cmocka_unit_test(hostile_envelopes_are_refused),
		cmocka_unit_test(envelope_size_and_signatures_are_bounded),
		cmocka_unit_test(too_large_a_payload_is_not_written),
		cmocka_unit_test(root_round_trip_gives_the_same_bytes),
		cmocka_unit_test(keys_count_from_until_their_times),
		cmocka_unit_test(root_keys_have_no_times),
		cmocka_unit_test(revoked_keys_never_count),
		cmocka_unit_test(hostile_roots_are_refused),
		cmocka_unit_test(root_keys_and_revocations_are_bounded),
		cmocka_unit_test(current_round_trip_gives_the_same_bytes),
		cmocka_unit_test(first_current_has_no_previous),
		cmocka_unit_test(hostile_currents_are_refused),
		cmocka_unit_test(files_round_trip_gives_the_same_bytes),
		cmocka_unit_test(hostile_file_lists_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
