#include "client/image/cmd.h"
#include "client/image/exportbundle.h"
#include "client/image/home.h"
#include "client/image/inventory.h"
#include "client/image/repo.h"
#include "lib/base/atomic.h"
#include "lib/base/fs.h"
#include "lib/base/jsonw.h"

#include <fcntl.h>

struct values {
	struct opt_list files;
	int64_t limit_rate;
	bool bundle;
};

static const struct opt opts[] = {
	{ "bundle", 0, OPT_FLAG, offsetof(struct values, bundle), NULL,
		"make DIR an OCI runtime bundle of a stored image, to start COMMAND "
		"(default: a shell)",
		0, 0 },
	{ "file", 0, OPT_LIST, offsetof(struct values, files), "NAME",
		"which file of the build; may be given again (default: rootfs.tar.xz and "
		"meta.tar.xz)",
		0, 0 },
	{ "limit-rate", 0, OPT_SIZE, offsetof(struct values, limit_rate), "RATE",
		"take at most so many bytes a second, as 500K", 0, 0 },
	{ .name = NULL },
};

static const char *const usual[] = { "rootfs.tar.xz", "meta.tar.xz" };

struct exporting {
	struct out *out;
	struct repo repo;
	struct imagedoc doc;
	const struct doc_build *build;
	int dir_fd;
	const char *step;
};

static void moved(void *ctx, uint64_t now, uint64_t total)
{
	const struct exporting *x = ctx;

	out_step(x->out, x->step, now, total, "B");
}

static int choose(struct exporting *x, const struct image_ref *ref, struct err *e)
{
	const struct doc_build *b = imagedoc_build(&x->doc, ref->serial, ref->id);

	if (!b || strcmp(b->state, "withdrawn") == 0)
		return err_set(e, ERR_NOTFOUND, "there is no such build");
	x->build = b;
	return 0;
}

/* A file that an earlier export left is looked at before anything is fetched: under the
 * name of its digest a download is continued, or found to be complete. */
static int export_file(struct exporting *x, const char *name, struct err *e)
{
	const struct doc_file *f = doc_build_file(x->build, name);
	struct fetch_progress progress = { .moved = moved, .ctx = x };
	auto_free char *step = xasprintf("fetch %s", name);
	auto_verified struct verified got = VERIFIED_INIT;
	char hex[DIGEST_HEX], size[32];
	struct stat st;

	if (!f)
		return err_set(e, ERR_NOTFOUND, "build %s offers no '%s'",
			x->build->serial, name);
	digest_hex(&f->sha256, hex);
	if (fstatat(x->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		S_ISREG(st.st_mode) && (uint64_t)st.st_size == f->size &&
		renameat(x->dir_fd, name, x->dir_fd, hex) < 0)
		return err_sys(e, "cannot rename '%s'", name);
	x->step = step;
	if (repo_file(&x->repo, f, x->dir_fd, &progress, &got, e) < 0) {
		if (e->code == ERR_UNTRUSTED)
			repo_file_forget(f, x->dir_fd);
		return -1;
	}
	out_step_done(
		x->out, step, "%s, verified", out_size(f->size, size, sizeof(size)));
	if (fs_rename_synced(x->dir_fd, hex, x->dir_fd, name, e) < 0)
		return -1;
	repo_file_forget(f, x->dir_fd); /* what was noted for continuing it */
	return 0;
}

static void say(struct exporting *x)
{
	auto_buf struct buf text = BUF_INIT(4096);
	struct jsonw w = jsonw_to(&text);
	char name[IMAGE_NAME_MAX], hex[DIGEST_HEX];

	image_format(&x->doc.image, name);
	digest_hex(&x->build->id, hex);
	if (!x->out->json) {
		out_result(x->out, "%s %s %s\n", name, x->build->serial, hex);
		return;
	}
	jsonw_object(&w);
	jsonw_kstr(&w, "image", name);
	jsonw_kstr(&w, "serial", x->build->serial);
	jsonw_kstr(&w, "id", hex);
	jsonw_end_object(&w);
	out_result(x->out, "%s\n", buf_str(&text));
}

static int export_all(struct exporting *x, const struct remote *remote,
	const struct image_ref *ref, const struct values *v, struct err *e)
{
	const char *const *names = v->files.count ? v->files.item : usual;
	size_t count = v->files.count ? v->files.count : ARRAY_COUNT(usual);
	const struct catdoc_line *line;
	struct repo_options options = { .rate_max = v->limit_rate };

	if (remote_kind(remote) != REMOTE_ROOTYARD)
		return err_set(e, ERR_USAGE,
			"pull it first, and export what is stored as a .tar: '%s' tells "
			"no "
			"digests of ours",
			remote->name);
	if (repo_open(remote, &options, &x->repo, e) < 0 ||
		repo_catalog(&x->repo, e) < 0 ||
		catdoc_find(&x->repo.catalog, ref, &line, e) < 0 ||
		repo_image(&x->repo, line, &x->doc, e) < 0 || choose(x, ref, e) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (export_file(x, names[i], e) < 0)
			return -1;
	say(x);
	return 0;
}

static int run_remote(struct call *c, struct err *e)
{
	auto_remotes struct remotes remotes = { 0 };
	auto_fd int config_fd = home_open(PLACE_CONFIG, e);
	struct exporting x = { .out = c->out, .repo = REPO_INIT, .dir_fd = -1 };
	const struct remote *remote;
	struct image_ref ref;
	int rc;

	if (config_fd < 0 || image_ref_parse(c->argv[0], &ref, e) < 0) {
		if (e->code == ERR_PARSE)
			e->code = ERR_USAGE;
		return -1;
	}
	if (remotes_load(config_fd, &remotes, e) < 0 ||
		remotes_find(&remotes, ref.remote, &remote, e) < 0)
		return -1;
	x.dir_fd = fs_open_dir(c->argv[1], e);
	rc = x.dir_fd < 0 ? -1 : export_all(&x, remote, &ref, c->values, e);
	if (x.dir_fd >= 0)
		close(x.dir_fd);
	imagedoc_release(&x.doc);
	repo_release(&x.repo);
	return rc < 0 ? err_wrap(e, "cannot export '%s'", c->argv[0]) : 0;
}

/* ---- a stored image, as the tar it was or as a bundle */

static void tar_moved(void *ctx, uint64_t bytes)
{
	out_step(ctx, "export", bytes, 0, "B");
}

static int find_one(const struct store *store, const char *text, const char **name,
	struct inventory *v, struct err *e)
{
	auto_free bool *found = NULL;
	size_t count = 0;

	if (inventory_take(store, v, e) < 0)
		return -1;
	found = xcalloc(v->image_count + 1, sizeof(*found));
	if (inventory_find(store, v, text, found, e) < 0)
		return -1;
	for (size_t i = 0; i < v->image_count; i++)
		if (found[i]) {
			*name = v->image[i].name;
			count++;
		}
	if (count > 1)
		return err_set(e, ERR_CONFLICT,
			"%zu stored images are called '%s': name one by more, or by its "
			"id",
			count, text);
	return 0;
}

static int write_tar(
	const struct stored *s, int fd, struct out *out, struct digest *is, struct err *e)
{
	struct stored_watch watch = { .progress = tar_moved, .ctx = out };

	return stored_tar(s, fd, &watch, is, e);
}

/* To a file that appears whole, or to stdout. */
static int write_to(
	const struct stored *s, const char *path, struct out *out, struct err *e)
{
	auto_free char *copy = xstrdup(path);
	auto_fd int dir_fd = -1;
	auto_atomic struct atomic file = ATOMIC_INIT; /* cancelled before it is closed */
	char *slash = strrchr(copy, '/');
	char hex[DIGEST_HEX];
	struct digest is;

	if (strcmp(path, "-") == 0) {
		/* the child's own stdout is closed */
		dir_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
		if (dir_fd < 0)
			return err_sys(e, "cannot write to stdout");
		return write_tar(s, dir_fd, out, &is, e);
	}
	if (slash)
		slash[slash == copy ? 1 : 0] = '\0';
	dir_fd = fs_open_dir(slash ? copy : ".", e);
	if (dir_fd < 0 ||
		atomic_begin(&file, dir_fd, slash ? slash + 1 : copy, 0644, e) < 0 ||
		write_tar(s, file.fd, out, &is, e) < 0 || atomic_commit(&file, e) < 0)
		return -1;
	digest_hex(&is, hex);
	out_result(out,
		out->json ? "{\"id\":\"%.64s\",\"sha256\":\"%s\"}\n" : "%.64s %s\n",
		s->name, hex);
	return 0;
}

/* As `run` names a container: by the distribution. */
static const char *hostname_of(const struct inventory *v, const char *name)
{
	for (size_t i = 0; i < v->ref_count; i++)
		if (strcmp(v->ref[i].name, name) == 0)
			return v->ref[i].image.distro;
	return "container";
}

static int write_bundle(const struct stored *s, const struct inventory *v,
	const struct call *c, struct err *e)
{
	if (export_bundle(
		    s, hostname_of(v, s->name), c->argv + 2, c->argv[1], c->out, e) < 0)
		return -1;
	out_result(c->out, c->out->json ? "{\"id\":\"%.64s\"}\n" : "%.64s\n", s->name);
	return 0;
}

static int run_stored(struct call *c, struct err *e)
{
	const struct values *values = c->values;
	auto_store struct store store = STORE_INIT;
	auto_inventory struct inventory v = { 0 };
	auto_stored struct stored s = STORED_INIT;
	const char *name = "";
	int rc;

	if (store_open(&store, e) < 0 || find_one(&store, c->argv[0], &name, &v, e) < 0 ||
		stored_open(&store, name, &s, e) < 0)
		return err_wrap(e, "cannot export '%s'", c->argv[0]);
	rc = values->bundle ? write_bundle(&s, &v, c, e)
			    : write_to(&s, c->argv[1], c->out, e);
	return rc < 0 ? err_wrap(e, "cannot export '%s'", c->argv[0]) : 0;
}

static bool names_a_tar(const char *path)
{
	size_t n = strlen(path);

	return strcmp(path, "-") == 0 || (n > 4 && strcmp(path + n - 4, ".tar") == 0);
}

static int run(struct call *c, struct err *e)
{
	const struct values *v = c->values;

	if (!v->bundle && c->argv[2])
		return err_set(e, ERR_USAGE,
			"a command belongs to a bundle: give --bundle, or leave out "
			"'%s'",
			c->argv[2]);
	if (!v->bundle && !names_a_tar(c->argv[1]))
		return run_remote(c, e);
	if (v->files.count > 0)
		return err_set(e, ERR_USAGE,
			"--file names a file of the server, and %s is made of what is "
			"stored: give a directory, and no --bundle",
			v->bundle ? "a bundle" : "a tar");
	return run_stored(c, e);
}

const struct command cmd_export = {
	.name = "export",
	.args = "[REMOTE:]IMAGE DIR|FILE.tar|- [COMMAND [ARGUMENT]...]",
	.summary = "leave a remote image's files in a directory, or a stored one as a "
		   "tar or an OCI bundle",
	.opts = opts,
	.values_size = sizeof(struct values),
	.min_args = 2,
	.max_args = -1,
	.run = run,
};
