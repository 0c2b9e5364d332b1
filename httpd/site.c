#include "httpd/site.h"

#include "lib/base/fs.h"
#include "lib/model/layout.h"

#include <fcntl.h>

#define GENERATION_DIGITS 18

int site_open(struct site *s, const char *root, struct err *e)
{
	auto_fd int dir = fs_open_dir(root, e);

	if (dir < 0)
		return -1;
	*s = (struct site){ .root_dir = STEAL_FD(dir), .pairs = pairs_new() };
	return 0;
}

void site_close(struct site *s)
{
	close(s->root_dir);
	s->root_dir = -1;
	pairs_free(&s->pairs);
}

/* .live must say .gen/<digits>, whatever else somebody made of it. */
static int live_generation(const struct site *s, uint64_t *out, struct err *e)
{
	static const char before[] = LAYOUT_GEN "/";
	char target[sizeof(before) + GENERATION_DIGITS + 1];
	ssize_t len = readlinkat(s->root_dir, LAYOUT_LIVE, target, sizeof(target));
	uint64_t generation = 0;
	size_t i = sizeof(before) - 1;

	if (len < 0)
		return err_sys(e, "cannot read '%s'", LAYOUT_LIVE);
	if ((size_t)len <= i || (size_t)len > i + GENERATION_DIGITS ||
		memcmp(target, before, i) != 0)
		return err_set(e, ERR_NOTFOUND, "'%s' names no generation", LAYOUT_LIVE);
	for (; i < (size_t)len; i++) {
		if (target[i] < '0' || target[i] > '9')
			return err_set(
				e, ERR_NOTFOUND, "'%s' names no generation", LAYOUT_LIVE);
		generation = generation * 10 + (uint64_t)(target[i] - '0');
	}
	*out = generation;
	return 0;
}

uint64_t site_generation(const struct site *s)
{
	uint64_t generation = 0;
	struct err e;

	return live_generation(s, &generation, &e) == 0 ? generation : 0;
}

/* The fixed link that path goes through, and what of path lies behind it. */
static const struct layout_link *find_link(const char *path, const char **rest)
{
	for (size_t i = 0; i < layout_link_count; i++) {
		const char *at = layout_links[i].path, *p = path;

		while (*at && *at == *p) {
			at++;
			p++;
		}
		if (*at == '\0' && (*p == '\0' || *p == '/')) {
			*rest = p;
			return &layout_links[i];
		}
	}
	return NULL;
}

static int generation_path(uint64_t generation, const struct layout_link *link,
	const char *rest, struct site_path *out, struct err *e)
{
	int len = snprintf(out->text, sizeof(out->text), LAYOUT_GEN "/%llu/%s%s",
		(unsigned long long)generation, link->inside, rest);

	out->is_live = true;
	return len < (int)sizeof(out->text)
		       ? 0
		       : err_set(e, ERR_NOTFOUND, "no path is that long");
}

int site_locate(const struct site *s, const char *path, const struct asker *who,
	struct site_path *out, struct err *e)
{
	const char *rest = NULL;
	const struct layout_link *link = find_link(path, &rest);
	size_t len = strlen(path);
	uint64_t live = 0, generation;
	struct stat st;

	out->is_live = false;
	out->coding = CODING_NONE;
	if (len >= sizeof(out->text))
		return err_set(e, ERR_NOTFOUND, "no path is that long");
	memcpy(out->text, len ? path : ".", len ? len + 1 : sizeof("."));
	if (!link)
		return 0;
	/* A copy without generations has plain files at these places. */
	if (live_generation(s, &live, e) < 0)
		return e->sys == ENOENT ? 0 : err_wrap(e, "cannot locate '%s'", path);
	generation = pair_is_half(path) ? pairs_choose(s->pairs, who, path, live) : live;
	if (generation_path(generation, link, rest, out, e) < 0)
		return -1;
	/* The promised generation may have been removed: then the live one is the best.
	 */
	if (generation != live && !site_stat(s, out->text, &st))
		return generation_path(live, link, rest, out, e);
	return 0;
}

bool site_locate_coded(const struct site *s, const struct site_path *plain,
	enum coding coding, struct site_path *out)
{
	struct stat file, coded;
	int len = snprintf(out->text, sizeof(out->text), "%s%s", plain->text,
		coding_names[coding].suffix);

	out->is_live = plain->is_live;
	out->coding = coding;
	if (len >= (int)sizeof(out->text) || !site_stat(s, out->text, &coded) ||
		!S_ISREG(coded.st_mode) || !site_stat(s, plain->text, &file) ||
		!S_ISREG(file.st_mode) || coded.st_size >= file.st_size)
		return false;
	/* A generation appears as a whole; elsewhere a file is replaced before its coded
	 * forms are. */
	return plain->is_live || coded.st_mtim.tv_sec >= file.st_mtim.tv_sec;
}

int site_open_file(
	const struct site *s, const char *located, struct stat *st, struct err *e)
{
	/* O_NONBLOCK: a fifo must not hold the thread before it is refused. */
	auto_fd int fd =
		fs_open_beneath(s->root_dir, located, O_RDONLY | O_NONBLOCK, 0, e);

	if (fd < 0) {
		if (e->sys == EMFILE || e->sys == ENFILE || e->sys == ENOMEM)
			e->code = ERR_BUSY;
		else if (e->sys != EIO)
			e->code = ERR_NOTFOUND;
		return -1;
	}
	if (fstat(fd, st) < 0)
		return err_sys(e, "cannot stat '%s'", located);
	if (!S_ISREG(st->st_mode)) {
		err_set(e, ERR_NOTFOUND, "'%s' is no regular file", located);
		e->sys = S_ISDIR(st->st_mode) ? EISDIR : 0;
		return -1;
	}
	return STEAL_FD(fd);
}

bool site_stat(const struct site *s, const char *located, struct stat *st)
{
	/* Links on the way are harmless here: only the identity of what was opened
	 * beneath the root is compared with this. */
	return fstatat(s->root_dir, located, st, AT_SYMLINK_NOFOLLOW) == 0;
}
