/* A tree that a rootyard server publishes: its client's helper verifies, as an ordinary
 * user, by the same chain of trust as every pull; here the archive is only unpacked. */
#include "builder/evidence.h"
#include "builder/fetchedstore.h"
#include "builder/helper.h"
#include "builder/source.h"
#include "builder/unpack.h"

#include "lib/base/atomic.h"
#include "lib/base/fs.h"
#include "lib/model/image.h"

#include <ctype.h>
#include <fcntl.h>
#include <sys/stat.h>

#define IMAGE_HELPER LIBEXECDIR "/rootyard-image"
#define ARCHIVE      "rootfs.tar.zst"
#define HOME         "client"
#define REMOTE       "source"
#define ROOT_FILE    "root.json"
#define ARGS_MAX     12
#define PLACED       "whole \"placed\"\n" /* the state of what needs no etag */

struct published {
	const char *url;   /* of the server; NULL: a remote of this host */
	const char *image; /* "[REMOTE:]IMAGE" */
	const char *fpr;   /* of the root's key, or */
	const char *root;  /* the root itself; NULL with a remote of this host */
	int home;          /* the helper's, and its files */
	const char *env[8];
};

/* ---- what is asked for */

static bool is_fingerprint(const char *text)
{
	size_t digits = 0;

	for (; *text; text++)
		if (isxdigit((unsigned char)*text))
			digits++;
		else if (*text != ' ')
			return false;
	return digits == 40 || digits == 64;
}

static int find_key(const struct job *j, struct published *p, struct err *e)
{
	const struct texts *keys = &j->recipe->source.keys;

	for (size_t i = 0; i < keys->count; i++) {
		const char *text = text_str(&keys->item[i]);

		if (is_fingerprint(text))
			p->fpr = text;
		else if (text[strspn(text, " \n")] == '{')
			p->root = text;
	}
	if (p->fpr || p->root)
		return 0;
	return err_set(e, ERR_UNTRUSTED,
		"nothing verifies '%s': source.keys must hold the fingerprint of its "
		"root "
		"key, or a root that you trust",
		p->url);
}

/* "[REMOTE:]IMAGE" with the architecture of this build where it says none. */
static int complete(struct job *j, const char *text, struct published *p, struct err *e)
{
	struct image_ref r;
	const char *arch = j->image.arch;

	if (image_ref_parse(text, &r, e) < 0) {
		e->code = ERR_RECIPE;
		return err_wrap(e, "'source.url'");
	}
	if (*r.image.arch && strcmp(r.image.arch, arch) != 0)
		return err_set(e, ERR_RECIPE,
			"'source.url' asks for '%s', and this build is of '%s'",
			r.image.arch, arch);
	if (!*r.image.release)
		return err_set(e, ERR_RECIPE,
			"'source.url' must name a release, as in 'debian/trixie'");
	p->image = arena_printf(&j->arena, "%s%s%s/%s/%s%s%s%s%s%s%s",
		p->url ? REMOTE : r.remote, p->url || *r.remote ? ":" : "",
		r.image.distro, r.image.release, arch, *r.image.variant ? "/" : "",
		r.image.variant, *r.serial ? "@" : "", r.serial, *r.id ? "@sha256:" : "",
		r.id);
	return 0;
}

static int read_wish(struct job *j, struct published *p, struct err *e)
{
	const char *text, *hash;

	if (source_base(j, &text, e) < 0)
		return -1;
	hash = strchr(text, '#');
	if (!hash)
		return complete(j, text, p, e);
	p->url = arena_strndup(&j->arena, text, (size_t)(hash - text));
	return find_key(j, p, e) < 0 ? -1 : complete(j, hash + 1, p, e);
}

/* ---- the helper */

static int make_home(struct job *j, struct published *p, struct err *e)
{
	size_t n = 0;

	if (mkdirat(j->work_dir, HOME, 0700) < 0)
		return err_sys(e, "cannot make a home for the client's helper");
	p->home = fs_open_dir_at(j->work_dir, HOME, e);
	if (p->home < 0)
		return -1;
	if (p->root &&
		atomic_write_file(p->home, ROOT_FILE, bytes_of_str(p->root), 0644, e) < 0)
		return -1;
	if (mkdirat(p->home, "tmp", 0700) < 0 || mkdirat(p->home, "out", 0755) < 0 ||
		fchownat(p->home, "tmp", HELPER_USER, HELPER_USER, 0) < 0 ||
		fchownat(p->home, "out", HELPER_USER, HELPER_USER, 0) < 0 ||
		fchown(p->home, HELPER_USER, HELPER_USER) < 0)
		return err_sys(e, "cannot make a home for the client's helper");
	p->env[n++] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	p->env[n++] = "LC_ALL=C.UTF-8";
	p->env[n++] = arena_printf(&j->arena, "HOME=%s/" HOME, j->work);
	p->env[n++] = arena_printf(&j->arena, "TMPDIR=%s/" HOME "/tmp", j->work);
	p->env[n] = NULL;
	return 0;
}

static int run(struct job *j, const struct published *p, const char *const argv[ARGS_MAX],
	struct err *e)
{
	const struct helper h = { .argv = argv,
		.env = job_with_proxies(j, p->env),
		.cwd_fd = p->home,
		.out_fd = j->log_fd,
		.keep_fd = -1,
		.log_fd = j->log_fd };

	return helper_run(&h, e);
}

static int add_remote(struct job *j, const struct published *p, struct err *e)
{
	const char *argv[ARGS_MAX] = { IMAGE_HELPER, "remote", "add", "-q", REMOTE,
		p->url };
	size_t n = 6;

	argv[n++] = p->fpr ? "--fingerprint" : "--root";
	argv[n++] = p->fpr ? p->fpr : ROOT_FILE;
	/* Signatures and freshness are checked all the same. */
	if (strncmp(p->url, "http:", 5) == 0)
		argv[n++] = "--insecure-transport";
	return run(j, p, argv, e);
}

static int export_archive(struct job *j, const struct published *p, struct err *e)
{
	static const char *const rest[] = { "--file", ARCHIVE, "--progress", "none" };
	const char *argv[ARGS_MAX] = { IMAGE_HELPER, "export", p->image, "out" };

	for (size_t i = 0; i < ARRAY_COUNT(rest); i++)
		argv[4 + i] = rest[i];
	return run(j, p, argv, e);
}

/* ---- what is kept between builds */

/* The helper looks at what an earlier export left, and fetches only what is another. */
static int place_known(const struct store *s, struct part *part,
	const struct published *p, struct err *e)
{
	auto_fetched struct fetched f = FETCHED_INIT;
	auto_fd int out = -1;

	if (part_restart(s, part, e) < 0)
		return -1;
	if (store_open_known(s, part, &f.sha256, &f.fd) < 0)
		return 0;
	out = fs_open_beneath(p->home, "out/" ARCHIVE,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644, e);
	if (out < 0 || fs_copy_fd(f.fd, out, -1, e) < 0)
		return -1;
	if (fchown(out, HELPER_USER, HELPER_USER) < 0)
		return err_sys(e, "cannot hand a kept archive over");
	return 0;
}

static int keep(const struct store *s, struct part *part, const struct published *p,
	struct fetched *out, struct err *e)
{
	auto_fd int fd =
		fs_open_beneath(p->home, "out/" ARCHIVE, O_RDONLY | O_NOFOLLOW, 0, e);
	struct stat st;
	uint64_t size;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(e, ERR_FAILED, "'%s' is no regular file", ARCHIVE);
	if (part_clear(part, e) < 0 || fs_copy_fd(fd, part->fd, -1, e) < 0 ||
		fs_write_all(part->state_fd, PLACED, strlen(PLACED), e) < 0 ||
		digest_of_fd(part->fd, ARCHIVE, &out->sha256, &size, e) < 0)
		return -1;
	out->fd = store_keep(s, part, &out->sha256, e);
	return out->fd < 0 ? -1 : 0;
}

static int fetch(
	struct job *j, const struct published *p, struct fetched *out, struct err *e)
{
	const char *key =
		arena_printf(&j->arena, "%s#%s", p->url ? p->url : "", p->image);
	auto_store struct store s = STORE_INIT;
	auto_part struct part part = PART_INIT;
	int rc;

	if (store_open(&s, j->sources, j->log_fd, e) < 0 ||
		part_open(&s, key, &part, e) < 0)
		return -1;
	rc = place_known(&s, &part, p, e);
	if (rc == 0)
		rc = export_archive(j, p, e);
	if (rc == 0)
		rc = keep(&s, &part, p, out, e);
	part_remove(&s, &part);
	if (rc == 0)
		store_trim(&s, j->cache_max_bytes);
	return rc;
}

/* ---- the tree */

static void note(struct job *j, const struct published *p, const struct fetched *f)
{
	const char *how = strstr(p->image, "@sha256:") ? "sha256" : "remote";

	if (p->fpr)
		how = arena_printf(&j->arena, "openpgp:%s", p->fpr);
	job_source(j, "tarball",
		p->url ? arena_printf(&j->arena, "%s#%s", p->url,
				 p->image + strlen(REMOTE ":"))
		       : p->image,
		&f->sha256, how);
}

static int take(struct job *j, struct published *p, struct err *e)
{
	auto_fetched struct fetched f = FETCHED_INIT;
	struct unpack_archive archive = { .name = p->image };
	const struct unpack_plan plan = { .archive = &archive, .count = 1 };
	int64_t newest;

	if (make_home(j, p, e) < 0 || (p->url && add_remote(j, p, e) < 0) ||
		fetch(j, p, &f, e) < 0)
		return -1;
	note(j, p, &f);
	archive.fd = f.fd;
	if (unpack_run(&plan, j->root_dir, &newest, e) < 0)
		return -1;
	if (!j->epoch_fixed)
		j->epoch_s = newest;
	return 0;
}

int source_rootyard(struct job *j, struct err *e)
{
	struct published p = { .home = -1 };
	struct err ignored;
	int rc = read_wish(j, &p, e) < 0 ? -1 : take(j, &p, e);

	if (p.home >= 0)
		close(p.home);
	/* What stays goes with the work directory. */
	if (fs_remove_tree(j->work_dir, HOME, &ignored) < 0)
		job_log(j, "%s", ignored.text);
	return rc;
}
