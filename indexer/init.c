#include "indexer/init.h"

#include "indexer/agent.h"
#include "indexer/emit.h"
#include "indexer/init_dirs.h"
#include "indexer/init_system.h"
#include "lib/base/atomic.h"
#include "lib/base/fs.h"

#include <fcntl.h>
#include <time.h>

#define ROOT_FILE "trust/root.1"
#define KEYS_MAX  VERIFY_KEY_MAX

struct making {
	const struct init *in;
	struct init_result *out;
	int64_t now_s;
	struct init_place yard, root;
	int lock_fd;
	char repo[33];
};

/* What both markers hold; the repository's number is decided with it. */
static int mark(struct making *m, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(8192);

	buf_printf(&text, "tree %s\nroot-home %s\nname %s\n", m->yard.path, m->root.path,
		m->in->name);
	for (size_t i = 0; i < m->in->release_count; i++)
		buf_printf(&text, "releases %s\n", m->in->releases[i]);
	if (buf_check(&text, "the arguments", e) < 0)
		return -1;
	if (init_place_claim(&m->yard, buf_bytes(&text), e) < 0)
		return -1;
	return init_place_claim(&m->root, buf_bytes(&text), e);
}

/* releases/<distro>.yaml for each file given, and the site.yaml that names them. */
static int make_site(struct making *m, struct err *e)
{
	auto_fd int fd = fs_open_dir_at(m->yard.fd, SITE_RELEASES, e);
	auto_buf struct buf site = BUF_INIT(SITE_MAX);
	auto_arena struct arena arena = { 0 };
	const char *names[INIT_RELEASES_MAX];

	if (fd < 0)
		return -1;
	for (size_t i = 0; i < m->in->release_count; i++) {
		auto_buf struct buf text = BUF_INIT(SITE_MAX);
		const char *path = m->in->releases[i], *distro;
		auto_fd int in = open(path, O_RDONLY | O_CLOEXEC);

		if (in < 0)
			return err_sys(e, "cannot open '%s'", path);
		if (fs_read_fd(in, path, &text, e) < 0 ||
			site_check_releases(buf_bytes(&text), path, &arena, &distro, e) <
				0)
			return -1;
		names[i] = arena_printf(&arena, "%s.yaml", distro);
		if (atomic_write_file(fd, names[i], buf_bytes(&text), 0644, e) < 0)
			return -1;
	}
	site_format(&site, m->in->name, names, m->in->release_count);
	if (buf_check(&site, SITE_NAME, e) < 0)
		return -1;
	return atomic_write_file(m->yard.fd, SITE_NAME, buf_bytes(&site), 0644, e);
}

static int make_system(struct making *m, struct err *e)
{
	auto_site struct site site = { 0 };
	int rc = site_read(m->yard.fd, &site, e);

	if (rc == 0)
		rc = init_system(m->yard.fd, m->yard.path, &site, e);
	m->out->has_system = rc > 0;
	return rc < 0 ? -1 : 0;
}

/* A key in a fresh home: one that a kill left half-made is thrown away, it signed
 * nothing. */
static int make_key(int dir_fd, const char *name, const char *path, const char *purpose,
	const struct making *m, const char *passphrase, char fpr[FPR_MAX], struct err *e)
{
	char user_id[USER_ID_MAX];

	agent_end(path);
	if (init_empty_home(dir_fd, name, e) < 0 || sign_make_home(dir_fd, name, e) < 0)
		return -1;
	sign_user_id(m->in->name, purpose, m->repo, user_id);
	if (sign_make_key(path, user_id, passphrase, fpr, e) < 0)
		return err_wrap(e, "cannot make the %s key", purpose);
	return 0;
}

static int make_keys(struct making *m, struct err *e)
{
	auto_free char *home = xasprintf("%s/%s", m->yard.path, YARD_GNUPG);

	if (make_key(m->yard.fd, YARD_GNUPG, home, "publish", m, "", m->out->publish_fpr,
		    e) < 0)
		return -1;
	return make_key(m->root.fd, ".", m->root.path, "root", m, m->in->passphrase,
		m->out->root_fpr, e);
}

/* root.1, signed by the root key, checked before it is written. */
static int sign_root(struct making *m, struct bytes payload, struct bytes root_armor,
	struct buf *out, struct err *e)
{
	auto_buf struct buf pae = BUF_INIT(2 * TRUST_DOC_MAX);
	auto_buf struct buf sig = BUF_INIT(SIGNATURE_MAX);
	auto_signer struct signer *signer = NULL;
	auto_verifier struct verifier *verifier = NULL;
	const char *fprs[] = { m->out->root_fpr };
	struct verify_role role = { .fprs = fprs, .count = 1, .threshold = 1 };
	struct trust_signature s;

	trust_pae(TRUST_TYPE_ROOT, payload, &pae);
	if (buf_check(&pae, ROOT_FILE, e) < 0 ||
		signer_open(m->root.path, m->in->passphrase, &signer, e) < 0 ||
		signer_sign_binary(signer, m->out->root_fpr, buf_bytes(&pae), &sig, e) <
			0)
		return -1;
	if (verifier_open(&root_armor, 1, &verifier, e) < 0 ||
		verify_detached(verifier, &role, buf_bytes(&pae), buf_bytes(&sig),
			(int64_t)time(NULL), e) < 0)
		return -1;
	snprintf(s.fpr, sizeof(s.fpr), "%s", m->out->root_fpr);
	s.sig = buf_bytes(&sig);
	if (envelope_format(TRUST_TYPE_ROOT, payload, &s, 1, out, e) < 0)
		return -1;
	return buf_check(out, ROOT_FILE, e);
}

static int write_public(int public_fd, const char *dir, const char *name,
	struct bytes text, struct err *e)
{
	auto_fd int fd = fs_open_dir_at(public_fd, dir, e);

	return fd < 0 ? -1 : atomic_write_file(fd, name, text, 0644, e);
}

static int make_root(struct making *m, struct err *e)
{
	auto_free char *home = xasprintf("%s/%s", m->yard.path, YARD_GNUPG);
	auto_fd int public_fd = fs_open_dir_at(m->yard.fd, YARD_PUBLIC, e);
	auto_buf struct buf root_armor = BUF_INIT(KEYS_MAX);
	auto_buf struct buf armor = BUF_INIT(KEYS_MAX);
	auto_buf struct buf payload = BUF_INIT(TRUST_DOC_MAX);
	auto_buf struct buf envelope = BUF_INIT(TRUST_DOC_MAX);
	struct emit_root r = { .repo = m->repo, .now_s = m->now_s };
	char name[FPR_MAX + 8];

	if (public_fd < 0 ||
		sign_export(m->root.path, m->out->root_fpr, true, &root_armor, e) < 0 ||
		sign_export(home, m->out->publish_fpr, true, &armor, e) < 0)
		return -1;
	r.root_fpr = m->out->root_fpr;
	r.publish_fpr = m->out->publish_fpr;
	r.root_armor = buf_bytes(&root_armor);
	r.publish_armor = buf_bytes(&armor);
	if (emit_first_root(&r, &payload, e) < 0 ||
		buf_check(&payload, ROOT_FILE, e) < 0 ||
		sign_root(m, buf_bytes(&payload), r.root_armor, &envelope, e) < 0)
		return -1;

	snprintf(name, sizeof(name), "%s.asc", r.publish_fpr);
	if (write_public(public_fd, "keys", name, r.publish_armor, e) < 0)
		return -1;
	return write_public(public_fd, "trust", "root.1", buf_bytes(&envelope), e);
}

static int fill_catalog(struct making *m, struct catalog *c, struct err *e)
{
	struct catalog_site site = { .created_s = m->now_s };
	struct catalog_key publish = {
		.role = "publish", .state = "current", .made_s = m->now_s
	};
	struct catalog_event v = { .at_s = m->now_s,
		.kind = "init",
		.image = "",
		.serial = "",
		.message = m->in->name };

	memcpy(site.repo, m->repo, sizeof(site.repo));
	memcpy(publish.fpr, m->out->publish_fpr, sizeof(publish.fpr));
	if (catalog_site_put(c, &site, e) < 0 || catalog_key_put(c, &publish, e) < 0)
		return -1;
	return catalog_event_add(c, &v, e) < 0 ? -1 : 0;
}

static int make_catalog(struct making *m, struct err *e)
{
	auto_free char *path = xasprintf("%s/%s", m->yard.path, CATALOG_NAME);
	auto_catalog struct catalog *c = NULL;

	/* a kill may have left one whose keys were thrown away */
	if (init_remove_catalog(m->yard.fd, e) < 0 ||
		catalog_open(path, CATALOG_CREATE, &c, e) < 0 || catalog_begin(c, e) < 0)
		return -1;
	if (fill_catalog(m, c, e) < 0) {
		catalog_rollback(c);
		return -1;
	}
	return catalog_commit(c, e);
}

/* What an interrupted run left: half-written files, and what its keys had signed. */
static int sweep(struct making *m, struct err *e)
{
	if (init_sweep(m->yard.fd, ".", false, e) < 0 ||
		init_sweep(m->yard.fd, SITE_RELEASES, false, e) < 0 ||
		(fs_exists_at(m->yard.fd, INIT_SYSTEM) &&
			init_sweep(m->yard.fd, INIT_SYSTEM, false, e) < 0) ||
		init_sweep(m->yard.fd, YARD_PUBLIC "/trust", true, e) < 0)
		return -1;
	return init_sweep(m->yard.fd, YARD_PUBLIC "/keys", true, e);
}

static int make_all(struct making *m, struct err *e)
{
	if (mark(m, e) < 0)
		return -1;
	m->lock_fd = fs_lock(m->yard.fd, YARD_LOCK, 0, e);
	if (m->lock_fd < 0 || yard_make(m->yard.fd, e) < 0 || sweep(m, e) < 0 ||
		make_site(m, e) < 0 || make_system(m, e) < 0 || make_keys(m, e) < 0 ||
		make_root(m, e) < 0 || make_catalog(m, e) < 0)
		return -1;
	/* the tree's marker last: without the other one it still says what to do */
	if (init_place_done(&m->root, e) < 0)
		return -1;
	return init_place_done(&m->yard, e);
}

int init_prepare(const struct init *in, struct err *e)
{
	struct init_place yard = INIT_PLACE, root = INIT_PLACE;
	int rc;

	if (in->release_count > INIT_RELEASES_MAX)
		return err_set(e, ERR_USAGE, "at most %d releases files are taken",
			INIT_RELEASES_MAX);
	if (!site_name_is_valid(in->name))
		return err_set(e, ERR_USAGE,
			"'%s' cannot be a site's name: one line of 1 to 100 bytes "
			"without '<', '>' "
			"and '@'",
			in->name);
	rc = init_place_open(in->dir, 0755, &yard, e);
	if (rc == 0)
		rc = init_place_open(in->root_home, 0700, &root, e);
	if (rc == 0)
		rc = init_places_differ(&yard, &root, e);
	if (rc < 0 && root.is_new)
		rmdir(in->root_home);
	if (rc < 0 && yard.is_new)
		rmdir(in->dir);
	init_place_release(&yard);
	init_place_release(&root);
	return rc;
}

int init_run(const struct init *in, struct init_result *out, struct err *e)
{
	struct making m = { .in = in,
		.out = out,
		.now_s = (int64_t)time(NULL),
		.yard = INIT_PLACE,
		.root = INIT_PLACE,
		.lock_fd = -1 };
	int rc;

	*out = (struct init_result){ .path = NULL };
	rc = init_random_hex(m.repo, sizeof(m.repo), e);
	if (rc == 0)
		rc = init_place_open(in->dir, 0755, &m.yard, e);
	if (rc == 0)
		rc = init_place_open(in->root_home, 0700, &m.root, e);
	if (rc == 0)
		rc = make_all(&m, e);
	if (rc == 0) {
		out->path = STEAL(m.yard.path);
		out->root_home = STEAL(m.root.path);
	}
	if (m.lock_fd >= 0)
		close(m.lock_fd);
	init_place_release(&m.yard);
	init_place_release(&m.root);
	return rc;
}

void init_result_release(struct init_result *r)
{
	free(r->path);
	free(r->root_home);
	r->path = r->root_home = NULL;
}
