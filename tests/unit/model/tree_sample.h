/* tree_sample.h -- a manifest with one of everything that a tar dialect must say.
 * Shape   every name, id and attribute is at or beyond a limit of ustar */
#ifndef TESTS_UNIT_MODEL_TREE_SAMPLE_H
#define TESTS_UNIT_MODEL_TREE_SAMPLE_H

#include "lib/model/manifest.h"
#include "lib/model/tarwrite.h"

#include "tests/unit/unit.h"

#define SAMPLE_CONTENT "hello, tree\n"

struct sample {
	struct manifest man;
	struct buf tar;
};

static inline struct manifest_entry sample_entry(char type, const char *path)
{
	struct manifest_entry m = {
		.type = type, .mode = 0644, .path = path, .link = ""
	};

	m.mtime_s = 1700000000;
	if (type == '5')
		m.mode = 0755;
	if (type == '2')
		m.mode = 0777;
	return m;
}

static inline void sample_add(struct sample *s, const struct manifest_entry *m)
{
	struct err e;

	if (manifest_add(&s->man, m, &e) < 0)
		fail_msg("%s", e.text);
}

static inline void sample_file(struct sample *s, const char *path, const char *content)
{
	struct manifest_entry m = sample_entry('0', path);

	m.size = strlen(content);
	if (m.size)
		m.sha256 = digest_of(bytes_of_str(content));
	sample_add(s, &m);
}

static inline void sample_dir(struct sample *s, const char *path)
{
	struct manifest_entry m = sample_entry('5', path);

	sample_add(s, &m);
}

static inline void sample_link(
	struct sample *s, char type, const char *path, const char *link)
{
	struct manifest_entry m = sample_entry(type, path);

	m.link = link;
	sample_add(s, &m);
}

static inline void sample_device(
	struct sample *s, char type, const char *path, uint64_t rdev)
{
	struct manifest_entry m = sample_entry(type, path);

	m.size = rdev;
	sample_add(s, &m);
}

/* count bytes of c and a NUL, owned by the manifest. */
static inline char *sample_text(struct sample *s, char c, size_t count)
{
	char *text = arena_alloc(&s->man.arena, count + 1);

	memset(text, c, count);
	return text;
}

/* A chain of directories so that PATH below it is exactly len bytes; returns the path. */
static inline char *sample_deep(struct sample *s, const char *top, size_t len)
{
	char *path = sample_text(s, 'p', len);
	size_t at = strlen(top);

	memcpy(path, top, at);
	while (len - at > 201) {
		path[at] = '\0';
		sample_dir(s, path);
		path[at] = '/';
		at += 201;
	}
	path[at] = '\0';
	sample_dir(s, path);
	path[at] = '/';
	return path;
}

static inline void sample_names(struct sample *s)
{
	/* The member name of a file is two bytes longer, a directory's three. */
	static const size_t lengths[] = { 97, 98, 99, 100, 101, 153, 154, 200, 252, 253,
		254, 255, 256, 300, 1000, 4095 };
	char top[8];

	for (size_t i = 0; i < ARRAY_COUNT(lengths); i++) {
		snprintf(top, sizeof(top), "n%02zu", i);
		sample_file(s, sample_deep(s, top, lengths[i]), SAMPLE_CONTENT);
		snprintf(top, sizeof(top), "d%02zu", i);
		sample_dir(s, sample_deep(s, top, lengths[i]));
	}
	sample_file(s, sample_text(s, 'x', 255), ""); /* no slash to split at */
	sample_file(s, "\xff\xfe not UTF-8 \xc3", SAMPLE_CONTENT);
	sample_file(s, "new\nline", SAMPLE_CONTENT);
	sample_file(s, "gr\xc3\xbc\xc3\x9f", SAMPLE_CONTENT);
	sample_file(s, "e\xcc\x81 combining", SAMPLE_CONTENT);
	sample_file(s, " blank ends ", SAMPLE_CONTENT);
	sample_file(s, "back\\slash", SAMPLE_CONTENT);
	sample_file(s, sample_deep(s, "\xff\xff", 400), SAMPLE_CONTENT);
	sample_file(s, sample_deep(s, "gr\xc3\xbc", 500), SAMPLE_CONTENT);
}

static inline void sample_links(struct sample *s)
{
	static const size_t lengths[] = { 1, 99, 100, 101, 1000, 4095 };
	char name[16];

	for (size_t i = 0; i < ARRAY_COUNT(lengths); i++) {
		snprintf(name, sizeof(name), "sym%zu", i);
		sample_link(s, '2', name, sample_text(s, 't', lengths[i]));
	}
	sample_link(s, '2', "sym-bytes", "\xff/../..//etc/./");
	sample_link(
		s, '2', "sym-long-bytes", memset(sample_text(s, 't', 200), 0xfe, 150));
	sample_file(s, "zero", "");
	sample_link(s, '1', "hard-zero", "zero");
	sample_link(s, '1', "hard", "gr\xc3\xbc\xc3\x9f");
	sample_file(s, "l98-" /* 98 with its beginning */, SAMPLE_CONTENT);
	for (size_t len = 97; len <= 100; len++) {
		char *to = sample_text(s, 'h', len);

		sample_file(s, to, SAMPLE_CONTENT);
		snprintf(name, sizeof(name), "hard%zu", len);
		sample_link(s, '1', name, to);
	}
}

static inline void sample_owners(struct sample *s)
{
	static const uint32_t ids[] = { 0, 65535, 07777777, 010000000, 0xfffffffe };
	char name[16];

	for (size_t i = 0; i < ARRAY_COUNT(ids); i++) {
		struct manifest_entry m = sample_entry('0', name);

		snprintf(name, sizeof(name), "own%zu", i);
		m.uid = ids[i];
		m.gid = ids[ARRAY_COUNT(ids) - 1 - i];
		m.mode = 07777;
		m.mtime_s = i == 0 ? 0 : 077777777777LL;
		sample_add(s, &m);
	}
}

static inline void sample_attributes(struct sample *s)
{
	static const unsigned char cap[20] = { 1, 0, 0, 2, 0, 4 };
	const struct manifest_xattr x[] = { { "security.capability", cap, sizeof(cap) },
		{ "user.a", (const unsigned char *)"1\n\0=2", 5 },
		{ "user.big", (const unsigned char *)sample_text(s, 'v', 65535), 65535 },
		{ "user.empty", NULL, 0 },
		{ "user.gr\xc3\xbc", (const unsigned char *)"x", 1 } };
	struct manifest_entry f = sample_entry('0', "attributes"),
			      d = sample_entry('5', "adir");

	f.xattr = x;
	f.xattr_count = ARRAY_COUNT(x);
	d.xattr = x + 1;
	d.xattr_count = 1;
	sample_add(s, &f);
	sample_add(s, &d);
}

/* The archive of the manifest; each file's content is SAMPLE_CONTENT. */
static inline void sample_archive(struct sample *s)
{
	for (size_t i = 0; i < s->man.count; i++) {
		const struct manifest_entry *m = &s->man.entry[i];

		tarwrite_header(m, i, &s->tar);
		if (m->type != '0' || m->size == 0)
			continue;
		buf_add_str(&s->tar, SAMPLE_CONTENT);
		buf_add_fill(&s->tar, 0, tarwrite_padding(m->size));
	}
	buf_add_fill(&s->tar, 0, tarwrite_trailer(s->tar.len));
	s->man.tar_size = s->tar.len;
	s->man.diff_id = digest_of(buf_bytes(&s->tar));
}

static inline void sample_init(struct sample *s)
{
	*s = (struct sample){ .tar = BUF_INIT(64U << 20) };
	manifest_init(&s->man);
}

static inline void sample_release(struct sample *s)
{
	manifest_release(&s->man);
	buf_release(&s->tar);
}
#define auto_sample with_cleanup(sample_release)

/* Everything. */
static inline void sample_make(struct sample *s)
{
	sample_init(s);
	sample_dir(s, "");
	sample_names(s);
	sample_links(s);
	sample_owners(s);
	sample_attributes(s);
	sample_device(s, '3', "null", (uint64_t)1 << 32 | 3);
	sample_device(s, '4', "disk", (uint64_t)4095 << 32 | 1048575);
	sample_device(s, '6', "fifo", 0);
	sample_archive(s);
}

#endif
