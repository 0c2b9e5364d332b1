#include "indexer/emit.h"

#include "tests/unit/unit.h"

static void sums_list_only_what_is_signed_for(void **state)
{
	auto_buf struct buf text = BUF_INIT(4096);
	struct catalog_file files[] = {
		{ .name = "build.log", .sha256 = { { 1 } } },
		{ .name = "rootfs.man", .sha256 = { { 2 } }, .is_signed = true },
	};

	(void)state;
	emit_sums(files, 2, &text);
	assert_string_equal(buf_str(&text), "02000000000000000000000000000000000000000000"
					    "00000000000000000000  rootfs.man\n");
}

/* One build with everything that clients of containers want. */
static const struct catalog_file complete[] = {
	{ .name = "incus.tar.xz", .size = 1, .sha256 = { { 1 } } },
	{ .name = "meta.tar.xz", .size = 1, .sha256 = { { 2 } } },
	{ .name = "rootfs.tar.xz",
		.size = 1,
		.sha256 = { { 3 } },
		.combined = { { 4 } } },
};

/* Runs an emitter over images that have the same builds; the caller releases the texts. */
static void emit(const struct emitter *t, const struct emit_listed *listed, size_t count,
	const struct site_release *release, const struct emit_build *build,
	size_t build_count, struct buf *text)
{
	const struct emit_site site = { .generation = 1 };
	void *state = calloc(1, t->state_size + 1);

	for (unsigned int i = 0; i < t->text_count; i++)
		text[i] = (struct buf)BUF_INIT(1 << 16);
	if (t->begin)
		t->begin(&site, state, text);
	for (size_t i = 0; i < count; i++) {
		const struct emit_image image = { .listed = &listed[i],
			.release = release,
			.build = build,
			.build_count = build_count };

		t->image(&site, &image, state, text);
	}
	if (t->end)
		t->end(&site, state, text);
	if (t->release)
		t->release(state);
	free(state);
}

static void release_texts(struct buf *text, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		buf_release(&text[i]);
}

static const char *lxc_text(const struct buf *text, const char *path)
{
	for (size_t i = 0; i < emit_lxc.file_count; i++)
		if (strcmp(emit_lxc.file[i].path, path) == 0)
			return buf_str(&text[emit_lxc.file[i].text]);
	fail_msg("no %s", path);
	return "";
}

static void lxc_index_has_every_level_without_what_it_cannot_run(void **state)
{
	static const struct emit_listed listed[] = {
		{ .image = { "alpine", "3.20", "amd64", "default" },
			.serial = "20260101_0000" },
		{ .image = { "opensuse", "15.6", "amd64", "default" },
			.serial = "20260101_0000" },
		{ .image = { "sabayon", "1", "amd64", "default" },
			.serial = "20260101_0000" },
		{ .image = { "void", "1", "amd64", "default" },
			.serial = "20260101_0000" },
	};
	static const struct {
		const char *path, *distros;
	} levels[] = {
		{ "meta/1.0/index-system", "alpine opensuse sabayon void " },
		{ "meta/1.0/index-user", "alpine opensuse sabayon void " },
		{ "meta/1.0/index-user.7", "alpine opensuse sabayon void " },
		{ "meta/1.0/index-system.4", "alpine opensuse sabayon void " },
		{ "meta/1.0/index-system.3", "alpine opensuse void " },
		{ "meta/1.0/index-user.2", "opensuse void " },
		{ "meta/1.0/index-system.1", "void " },
		{ "meta/1.0/index-user.1", "" },
	};
	const struct emit_build build = {
		.row = { .serial = "20260101_0000", .init = "systemd" },
		.file = complete,
		.file_count = ARRAY_COUNT(complete),
	};
	struct buf text[8];

	(void)state;
	emit(&emit_lxc, listed, ARRAY_COUNT(listed), NULL, &build, 1, text);
	for (size_t i = 0; i < ARRAY_COUNT(levels); i++) {
		auto_buf struct buf got = BUF_INIT(4096);

		for (const char *at = lxc_text(text, levels[i].path); *at;
			at = strchr(at, '\n') + 1)
			buf_printf(&got, "%.*s ", (int)strcspn(at, ";"), at);
		assert_string_equal(buf_str(&got), levels[i].distros);
	}
	assert_non_null(strstr(lxc_text(text, "meta/1.0/index-user"),
		"void;1;amd64;default;20260101_0000;/images/void/1/amd64/default/"
		"20260101_0000/\n"));
	release_texts(text, emit_lxc.text_count);
}

static void lxc_index_leaves_out_what_is_no_container(void **state)
{
	static const struct emit_listed listed = { .image = { "void", "1", "amd64",
							   "desktop" } };
	const struct emit_build build = {
		.row = { .init = "" }, .file = complete, .file_count = 2
	};
	struct buf text[8];

	(void)state;
	emit(&emit_lxc, &listed, 1, NULL, &build, 1, text);
	assert_string_equal(lxc_text(text, "meta/1.0/index-user"), "");
	release_texts(text, emit_lxc.text_count);
}

static const struct emit_listed trixie = { .image = { "debian", "trixie", "amd64",
						   "default" } };

static struct emit_build streams_build(
	const char *serial, const struct catalog_file *file)
{
	struct emit_build b = {
		.row = { .image = { "debian", "trixie", "amd64", "default" },
			.init = "",
			.requirements = "",
			.created_s = 1795451400 },
		.file = file,
		.file_count = ARRAY_COUNT(complete),
	};

	snprintf(b.row.serial, sizeof(b.row.serial), "%s", serial);
	return b;
}

static void streams_aliases_stand_in_the_order_of_upstream(void **state)
{
	const struct site_release release = { .distro = "debian",
		.name = "trixie",
		.alias = { "13", "stable" },
		.alias_count = 2,
		.eol = "2030-06-30",
		.is_default = true };
	const struct emit_build build = streams_build("20261123_1630", complete);
	struct buf text[8];

	(void)state;
	emit(&emit_streams, &trixie, 1, &release, &build, 1, text);
	assert_non_null(strstr(buf_str(&text[2]),
		"\"aliases\":\"debian/trixie/default,debian/trixie,debian/13/default,"
		"debian/13,debian/stable/default,debian/stable,debian\""));
	assert_non_null(strstr(buf_str(&text[2]), "\"support_eol\":\"2030-06-30\""));
	assert_non_null(strstr(buf_str(&text[0]), "images.json\""));
	assert_non_null(strstr(buf_str(&text[1]), "images.sjson\""));
	release_texts(text, emit_streams.text_count);
}

static unsigned int count_of(const char *text, const char *what)
{
	unsigned int n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

static void streams_never_list_a_fingerprint_twice(void **state)
{
	struct catalog_file other[ARRAY_COUNT(complete)];
	struct emit_build build[3];
	struct buf text[8];

	(void)state;
	memcpy(other, complete, sizeof(other));
	other[2].combined = (struct digest){ { 9 } };
	build[0] = streams_build("20261123_1630", complete);
	build[1] = streams_build("20261122_1630", complete);
	build[2] = streams_build("20261121_1630", other);
	emit(&emit_streams, &trixie, 1, NULL, build, 3, text);
	assert_int_equal(count_of(buf_str(&text[2]), "\"20261123_1630\":"), 1);
	assert_int_equal(count_of(buf_str(&text[2]), "\"20261122_1630\":"), 0);
	assert_int_equal(count_of(buf_str(&text[2]), "\"20261121_1630\":"), 1);
	release_texts(text, emit_streams.text_count);
}

/* More than the table of fingerprints begins with. */
static void streams_remember_many_fingerprints(void **state)
{
	struct emit_listed listed[100];
	struct catalog_file file[100][ARRAY_COUNT(complete)];
	struct emit_build build[100];
	void *memory = calloc(1, emit_streams.state_size);
	const struct emit_site site = { .generation = 1 };
	struct buf text[8];

	(void)state;
	for (unsigned int i = 0; i < emit_streams.text_count; i++)
		text[i] = (struct buf)BUF_INIT(1 << 20);
	emit_streams.begin(&site, memory, text);
	for (unsigned int i = 0; i < 100; i++) {
		struct emit_image image = {
			.listed = &listed[i], .build = &build[i], .build_count = 1
		};

		listed[i] = trixie;
		memcpy(file[i], complete, sizeof(complete));
		file[i][2].combined.byte[12] = (unsigned char)(i % 80);
		build[i] = streams_build("20261123_1630", file[i]);
		emit_streams.image(&site, &image, memory, text);
	}
	emit_streams.end(&site, memory, text);
	assert_int_equal(count_of(buf_str(&text[2]), "\"root.tar.xz\":{"), 80);
	emit_streams.release(memory);
	free(memory);
	release_texts(text, emit_streams.text_count);
}

static void streams_skip_a_build_without_what_incus_reads(void **state)
{
	struct catalog_file bare[ARRAY_COUNT(complete)];
	struct emit_build build;
	struct buf text[8];

	(void)state;
	memcpy(bare, complete, sizeof(bare));
	bare[2].combined = (struct digest){ { 0 } };
	build = streams_build("20261123_1630", bare);
	emit(&emit_streams, &trixie, 1, NULL, &build, 1, text);
	assert_null(strstr(buf_str(&text[0]), "debian"));
	assert_null(strstr(buf_str(&text[2]), "debian"));
	release_texts(text, emit_streams.text_count);
}

static void wsl_entry_has_both_architectures(void **state)
{
	static const struct emit_listed listed[] = {
		{ .image = { "debian", "trixie", "amd64", "cloud" },
			.serial = "20260101_0000" },
		{ .image = { "debian", "trixie", "amd64", "default" },
			.serial = "20260101_0000" },
		{ .image = { "debian", "trixie", "arm64", "default" },
			.serial = "20260102_0000" },
		{ .image = { "debian", "trixie", "s390x", "default" },
			.serial = "20260102_0000" },
	};
	const struct emit_build build = streams_build("20260101_0000", complete);
	const struct site site = { .base_url = "https://x/" };
	const struct emit_site s = { .site = &site };
	void *memory = calloc(1, emit_wsl.state_size);
	struct buf text[1] = { BUF_INIT(1 << 16) };

	(void)state;
	emit_wsl.begin(&s, memory, text);
	for (size_t i = 0; i < ARRAY_COUNT(listed); i++) {
		const struct emit_image image = {
			.listed = &listed[i], .build = &build, .build_count = 1
		};

		emit_wsl.image(&s, &image, memory, text);
	}
	emit_wsl.end(&s, memory, text);
	assert_int_equal(count_of(buf_str(text), "\"Name\":"), 2);
	assert_non_null(strstr(buf_str(text),
		"\"Name\":\"debian-trixie\",\"FriendlyName\":\"Debian trixie\","
		"\"Default\":true,\"Amd64Url\":{\"Url\":\"https://x/images/debian/trixie/"
		"amd64/"
		"default/20260101_0000/rootfs.tar.xz\""));
	assert_non_null(strstr(buf_str(text),
		"\"Arm64Url\":{\"Url\":\"https://x/images/debian/trixie/arm64/default/"
		"20260102_0000/rootfs.tar.xz\""));
	assert_int_equal(count_of(buf_str(text), "\"Default\":true"), 1);
	emit_wsl.release(memory);
	free(memory);
	buf_release(text);
}

static void aliases_lead_only_to_releases_with_images(void **state)
{
	auto_buf struct buf text = BUF_INIT(4096);
	struct site_release releases[] = {
		{ .distro = "debian",
			.name = "trixie",
			.alias = { "13", "stable" },
			.alias_count = 2,
			.eol = "",
			.is_default = true },
		{ .distro = "debian",
			.name = "sid",
			.alias = { "unstable" },
			.alias_count = 1,
			.eol = "" },
	};
	const struct site site = { .release = releases, .release_count = 2 };
	const struct emit_listed listed = { .image = { "debian", "trixie", "amd64",
						    "default" } };

	(void)state;
	emit_catalog_aliases(&text, &site, &listed, 1);
	assert_string_equal(buf_str(&text), "[\"@debian/13\",\"debian/trixie\"]\n"
					    "[\"@debian/stable\",\"debian/trixie\"]\n"
					    "[\"@debian\",\"debian/trixie\"]\n");
}

static void state_is_eol_after_the_last_day(void **state)
{
	struct site_release release = {
		.distro = "debian", .name = "jessie", .eol = "2020-06-30"
	};
	const struct site site = { .release = &release, .release_count = 1 };
	struct catalog_image image = { .image = {
					       "debian", "jessie", "amd64", "default" } };

	(void)state;
	assert_string_equal(emit_image_state(&site, &image, 1500000000), "active");
	assert_string_equal(emit_image_state(&site, &image, 1700000000), "eol");
	memcpy(image.image.release, "trixie", 7);
	assert_string_equal(emit_image_state(&site, &image, 1700000000), "active");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_list_only_what_is_signed_for),
		cmocka_unit_test(lxc_index_has_every_level_without_what_it_cannot_run),
		cmocka_unit_test(lxc_index_leaves_out_what_is_no_container),
		cmocka_unit_test(streams_aliases_stand_in_the_order_of_upstream),
		cmocka_unit_test(streams_never_list_a_fingerprint_twice),
		cmocka_unit_test(streams_remember_many_fingerprints),
		cmocka_unit_test(wsl_entry_has_both_architectures),
		cmocka_unit_test(streams_skip_a_build_without_what_incus_reads),
		cmocka_unit_test(aliases_lead_only_to_releases_with_images),
		cmocka_unit_test(state_is_eol_after_the_last_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
