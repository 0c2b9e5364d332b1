#include "builder/record.h"

#include "builder/build.h"
#include "builder/due.h"

#include "lib/base/atomic.h"
#include "lib/base/fs.h"

#define RECORD_MAX (BUILD_JSON_MAX + 256)
#define MAGIC      "rootyard-record 1 "

void record_init(struct record *r)
{
	*r = (struct record){ .known = false };
	build_init(&r->build);
}

void record_release(struct record *r)
{
	build_release(&r->build);
}

/* What decides the bytes beside recipe, sources and tool. */
static struct digest settings_of(const struct job *j)
{
	auto_buf struct buf text = BUF_INIT(4096);
	bool fixed = j->epoch_fixed;

	buf_printf(&text, "xz=%lld zstd=%lld epoch=%lld", (long long)j->xz_level,
		(long long)j->zst_level, fixed ? (long long)j->epoch_s : -1);
	return digest_of(buf_bytes(&text));
}

static char *name_of(const struct image *i)
{
	return xasprintf(
		"%s/%s/%s/%s.record", i->distro, i->release, i->arch, i->variant);
}

void record_load(struct record *r, int dir, const struct image *image)
{
	auto_free char *name = name_of(image);
	auto_buf struct buf text = BUF_INIT(RECORD_MAX);
	size_t head = strlen(MAGIC) + DIGEST_HEX - 1;
	char hex[DIGEST_HEX];
	struct err ignored;

	if (fs_read_at(dir, name, &text, &ignored) < 0 || text.len < head + 1 ||
		memcmp(text.data, MAGIC, strlen(MAGIC)) != 0)
		return;
	snprintf(hex, sizeof(hex), "%s", buf_str(&text) + strlen(MAGIC));
	r->known = digest_parse(hex, &r->settings, &ignored) == 0 &&
		   build_parse(bytes_of(text.data + head + 1, text.len - head - 1),
			   &r->build, &ignored) == 0;
}

int record_keep(int dir, const struct job *j, const struct build *b, struct err *e)
{
	auto_free char *parent =
		xasprintf("%s/%s/%s", j->image.distro, j->image.release, j->image.arch);
	auto_free char *name = xasprintf("%s.record", j->image.variant);
	auto_buf struct buf text = BUF_INIT(RECORD_MAX);
	struct digest settings = settings_of(j);
	auto_fd int below = -1;
	char hex[DIGEST_HEX];

	digest_hex(&settings, hex);
	buf_printf(&text, MAGIC "%s\n", hex);
	if (fs_mkdirs(dir, parent, 0755, e) < 0 || build_format(b, &text, e) < 0)
		return -1;
	below = fs_open_dir_at(dir, parent, e);
	if (below < 0)
		return -1;
	return atomic_write_file(below, name, buf_bytes(&text), 0644, e);
}

/* ---- is it due? */

static const char *changed_recipe(const struct record *r, const struct job *j)
{
	struct digest settings = settings_of(j);

	if (!r->known)
		return "never built here";
	if (strcmp(r->build.tool, "rootyard " VERSION) != 0)
		return "another version of the tool";
	if (!digest_equal(&r->build.recipe, &j->recipe_digest))
		return "the recipe changed";
	if (!digest_equal(&r->settings, &settings))
		return "the options changed";
	return NULL;
}

bool record_is_due(
	const struct record *r, struct job *j, int64_t now_s, char *why, size_t why_size)
{
	const char *changed = changed_recipe(r, j);
	struct err ignored;
	int64_t built_s;

	if (!changed &&
		(serial_to_time(r->build.serial, &built_s, &ignored) < 0 ||
			now_s - built_s >= RECORD_AGE_MAX_S || built_s > now_s + 86400))
		changed = "the last build is a week old";
	if (!changed)
		changed = due_sources(j, &r->build);
	snprintf(why, why_size, "%s", changed ? changed : r->build.serial);
	return changed != NULL;
}
