#include "client/image/mirror.h"

#include "client/image/home.h"
#include "lib/base/fs.h"
#include "lib/model/layout.h"

#include <inttypes.h>

#define LOOKUP_MAX (TRUST_KEYS_MAX * VERIFY_KEY_MAX)

/* A root as it is there, or as the source hands it out. */
static int read_root(struct mirror *m, int64_t version, struct buf *out, struct err *e)
{
	char path[LAYOUT_PATH_MAX];

	layout_root(version, path);
	if (m->dest->ops->read(m->dest, path, out, e) == 0)
		return 0;
	if (e->code != ERR_NOTFOUND)
		return -1;
	buf_clear(out);
	if (fetch_document(m->repo.fetch, m->o->remote->url, path, out, e) == 0)
		return 0;
	if (e->code == ERR_NOTFOUND)
		e->code = ERR_NETWORK;
	return -1;
}

static int differs(const struct mirror *m, int64_t version, struct err *e)
{
	return err_set(e, ERR_UNTRUSTED,
		"not trusted: trust/root.%" PRId64
		" of the source is not the one that '%s' is known by",
		version, m->o->remote->name);
}

/* The chain from the first root must end in the one we stand on, which nobody can forge: each root
 * was signed by the one before it. */
static int check_last(struct mirror *m, struct bytes text, int64_t version, struct err *e)
{
	auto_envelope struct envelope here = { 0 }, there = { 0 };
	auto_buf struct buf mine = BUF_INIT(TRUST_DOC_MAX);
	char name[32];

	snprintf(name, sizeof(name), "root.%" PRId64, version);
	if (fs_read_at(m->repo.state_fd, name, &mine, e) < 0 ||
		envelope_parse(buf_bytes(&mine), &here, e) < 0 ||
		envelope_parse(text, &there, e) < 0)
		return -1;
	return bytes_equal(here.payload, there.payload) ? 0 : differs(m, version, e);
}

static int walk_chain(struct mirror *m, int state_fd, struct err *e)
{
	int64_t last = m->repo.trust.root.version;
	auto_trust struct trust t = { 0 };

	for (int64_t n = 1; n <= last; n++) {
		auto_buf struct buf text = BUF_INIT(TRUST_DOC_MAX);
		char path[LAYOUT_PATH_MAX];

		layout_root(n, path);
		if (read_root(m, n, &text, e) < 0)
			return -1;
		if ((n == 1 ? trust_pin(state_fd, m->o->remote->name, m->repo.trust.now_s,
				      buf_bytes(&text), NULL, &t, e)
			    : trust_step(&t, buf_bytes(&text), e)) < 0)
			return err_wrap(e, "not trusted: '%s'", path);
		if (t.root.version != n)
			return differs(m, n, e);
		if (n == last && check_last(m, buf_bytes(&text), n, e) < 0)
			return -1;
		if (mirror_text(m, path, buf_bytes(&text), e) < 0)
			return -1;
	}
	return 0;
}

/* The walk remembers its steps somewhere: not where the remote's state is. */
static int mirror_roots(struct mirror *m, struct err *e)
{
	auto_fd int cache_fd = home_open(PLACE_CACHE, e);
	auto_fd int state_fd = -1;
	char name[32];
	int rc;

	if (cache_fd < 0 || fs_mkdtemp_at(cache_fd, "roots", name, sizeof(name), e) < 0)
		return -1;
	state_fd = fs_open_dir_at(cache_fd, name, e);
	rc = state_fd < 0 ? -1 : walk_chain(m, state_fd, e);
	if (rc == 0)
		return fs_remove_tree(cache_fd, name, e);
	(void)!fs_remove_tree(cache_fd, name, &(struct err){ 0 });
	return -1;
}

static bool is_revoked(const struct trust_root *r, const char *fpr)
{
	for (size_t i = 0; i < r->revoked_count; i++)
		if (strcmp(r->revoked[i].fpr, fpr) == 0)
			return true;
	return false;
}

static const struct trust_key *publish_key(const struct trust_root *r, const char *fpr)
{
	for (size_t i = 0; i < r->key_count; i++)
		if (strcmp(r->key[i].fpr, fpr) == 0 && !is_revoked(r, fpr))
			return &r->key[i];
	return NULL;
}

/* Both follow from the root. */
static int mirror_keys(struct mirror *m, struct err *e)
{
	const struct trust_root *root = &m->repo.trust.root;
	const struct trust_role *publish = &root->role[TRUST_PUBLISH];
	auto_buf struct buf lookup = BUF_INIT(LOOKUP_MAX);

	for (size_t i = 0; i < publish->count; i++) {
		const struct trust_key *k = publish_key(root, publish->fpr[i]);
		auto_free char *path = xasprintf("keys/%s.asc", publish->fpr[i]);

		if (!k)
			continue;
		if (mirror_text(m, path, k->armor, e) < 0)
			return -1;
		buf_add(&lookup, k->armor.data, k->armor.len);
	}
	return mirror_text(m, LAYOUT_LOOKUP, buf_bytes(&lookup), e);
}

int mirror_trust(struct mirror *m, struct err *e)
{
	return mirror_roots(m, e) < 0 ? -1 : mirror_keys(m, e);
}
