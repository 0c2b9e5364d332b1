/* Alpine's minirootfs. */
#include "builder/chroot.h"
#include "builder/listing.h"
#include "builder/source.h"

#include "lib/base/atomic.h"
#include "lib/base/fs.h"

#include <ctype.h>
#include <fcntl.h>
#include <sys/stat.h>

#define REPOSITORIES_MAX (64U << 10)

struct wish {
	const char *base;   /* "https://mirror/alpine", no slash behind */
	const char *branch; /* "3.20" */
	const char *full;   /* "3.20.3"; NULL: the newest */
	const char *arch;
	bool is_edge;
};

static unsigned int dots_of(const char *text)
{
	unsigned int dots = 0;

	for (; *text; text++)
		dots += *text == '.';
	return dots;
}

static int read_wish(struct job *j, struct wish *w, struct err *e)
{
	const struct recipe *r = j->recipe;
	const char *release = text_str(&r->image.release);

	if (source_base(j, &w->base, e) < 0)
		return -1;
	w->arch = text_str(&r->image.architecture_mapped);
	w->is_edge = strcmp(release, "edge") == 0;
	if (w->is_edge && !text_is_set(&r->source.same_as))
		return err_set(e, ERR_RECIPE,
			"'edge' grows out of a release: say which in 'source.same_as'");
	if (w->is_edge)
		release = r->source.same_as.text;
	release += release[0] == 'v';
	if (!isdigit((unsigned char)release[0]) || dots_of(release) < 1 ||
		dots_of(release) > 2)
		return err_set(e, ERR_RECIPE,
			"Alpine release '%s' is neither X.Y nor X.Y.Z nor edge", release);
	w->branch = release;
	if (dots_of(release) == 2) {
		w->full = release;
		w->branch = arena_strndup(
			&j->arena, release, (size_t)(strrchr(release, '.') - release));
	}
	return 0;
}

static int find_newest(struct job *j, const char *dir, struct wish *w, struct err *e)
{
	const struct listing l = {
		.prefix = arena_printf(&j->arena, "alpine-minirootfs-%s.", w->branch),
		.suffix = arena_printf(&j->arena, "-%s.tar.gz", w->arch),
	};
	char version[LISTING_VERSION_MAX];

	if (source_newest(j, dir, &l, version, e) < 0)
		return -1;
	w->full = arena_printf(&j->arena, "%s.%s", w->branch, version);
	return 0;
}

static int fetch(struct job *j, struct wish *w, struct err *e)
{
	const char *dir = arena_printf(
		&j->arena, "%s/v%s/releases/%s/", w->base, w->branch, w->arch);
	struct evidence v = { .url = NULL };

	if (!w->full && find_newest(j, dir, w, e) < 0)
		return -1;
	v.url = arena_printf(
		&j->arena, "%salpine-minirootfs-%s-%s.tar.gz", dir, w->full, w->arch);
	v.checksums = arena_printf(&j->arena, "%s.sha256", v.url);
	v.signature = arena_printf(&j->arena, "%s.asc", v.url);
	return source_archive(j, &v, NULL, e);
}

/* Every "/vX.Y/" of the repositories becomes "/edge/". */
static void to_edge(const char *text, struct buf *out)
{
	while (*text) {
		size_t len = 0;

		if (text[0] == '/' && text[1] == 'v' && isdigit((unsigned char)text[2]))
			len = 2 + strspn(text + 2, "0123456789.");
		if (len && text[len] == '/') {
			buf_add_str(out, "/edge");
			text += len;
		} else {
			buf_add_byte(out, (unsigned char)*text++);
		}
	}
}

static int become_edge(struct job *j, struct err *e)
{
	static const char *const upgrade[] = { "apk", "upgrade", "--update-cache",
		"--available", NULL };
	const struct chroot c = {
		.root = j->root, .env = j->net_env, .log_fd = j->log_fd
	};
	auto_buf struct buf old = BUF_INIT(REPOSITORIES_MAX),
			    new = BUF_INIT(REPOSITORIES_MAX);
	auto_fd int dir =
		fs_open_beneath(j->root_dir, "etc/apk", O_RDONLY | O_DIRECTORY, 0, e);

	if (dir < 0 || fs_read_at(dir, "repositories", &old, e) < 0)
		return -1;
	to_edge(buf_str(&old), &new);
	if (atomic_write_file(dir, "repositories", buf_bytes(&new), 0644, e) < 0)
		return -1;
	job_log(j, "+ apk upgrade --update-cache --available");
	if (chroot_run(&c, upgrade, -1, CHROOT_NETWORK, e) < 0) {
		if (e->code == ERR_FAILED)
			e->code = ERR_UPSTREAM;
		return job_failed(j, e);
	}
	return 0;
}

int source_alpine(struct job *j, struct err *e)
{
	struct wish w = { .base = NULL };

	if (read_wish(j, &w, e) < 0 || fetch(j, &w, e) < 0)
		return -1;
	if (fchmod(j->root_dir, 0755) < 0)
		return err_sys(e, "cannot set the mode of the tree");
	if (w.is_edge && become_edge(j, e) < 0)
		return err_wrap(e, "cannot become edge");
	return 0;
}
