#include "client/image/remote.h"

#include "client/image/url.h"
#include "lib/adapt/yaml.h"
#include "lib/base/atomic.h"
#include "lib/base/fs.h"
#include "lib/base/opt.h"

#include <inttypes.h>

#define REMOTES_FILE "remotes.yaml"

static const char *const system_dirs[] = {
	"/etc/rootyard/remotes.d",
	DATADIR "/remotes.d",
	"/usr/share/rootyard/remotes.d",
};

static const struct {
	const char *key;
	size_t offset;
} keys[] = {
	{ "url", offsetof(struct remote, url) },
	{ "kind", offsetof(struct remote, kind) },
	{ "fingerprint", offsetof(struct remote, fingerprint) },
	{ "root", offsetof(struct remote, root) },
	{ "ca", offsetof(struct remote, ca) },
	{ "token_file", offsetof(struct remote, token_file) },
	{ "cert", offsetof(struct remote, cert) },
	{ "key", offsetof(struct remote, key) },
};

const struct remote_kind_facts remote_kinds[REMOTE_KINDS] = {
	[REMOTE_ROOTYARD] = { "rootyard", "signed", "signed" },
	[REMOTE_SIMPLESTREAMS] = { "simplestreams", "tls+digest", "digest" },
	[REMOTE_LXC] = { "lxc", "tls", "none" },
};

enum remote_kind remote_kind(const struct remote *r)
{
	for (size_t i = 1; i < REMOTE_KINDS; i++)
		if (strcmp(r->kind, remote_kinds[i].name) == 0)
			return (enum remote_kind)i;
	return REMOTE_ROOTYARD;
}

bool remote_kind_is_known(const char *name)
{
	for (size_t i = 0; i < REMOTE_KINDS; i++)
		if (strcmp(name, remote_kinds[i].name) == 0)
			return true;
	return false;
}

const char *remote_trust(const struct remote *r)
{
	const struct remote_kind_facts *k = &remote_kinds[remote_kind(r)];

	return strncmp(r->url, "https:", 6) == 0 ? k->trust : k->insecure;
}

static const char **value_of(struct remote *r, size_t i)
{
	return (const char **)(void *)((char *)r + keys[i].offset);
}

void remotes_release(struct remotes *r)
{
	arena_release(&r->arena);
}

/* ---- reading */

static int complain(const char *file, const struct ynode *at, const char *what,
	const char *subject, struct err *e)
{
	return err_set(e, ERR_PARSE, "%s:%u:%u: %s '%s'", file, at->line, at->column,
		what, subject);
}

static int take_key(struct remotes *r, struct remote *out, const struct ynode *key,
	const struct ynode *value, const char *file, struct err *e)
{
	if (value->kind != YNODE_SCALAR || strlen(value->text) != value->len)
		return complain(file, value, "expected text as", key->text, e);
	if (strcmp(key->text, "insecure_transport") == 0) {
		if (strcmp(value->text, "true") != 0 && strcmp(value->text, "false") != 0)
			return complain(
				file, value, "expected true or false as", key->text, e);
		out->insecure_transport = strcmp(value->text, "true") == 0;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_COUNT(keys); i++)
		if (strcmp(key->text, keys[i].key) == 0) {
			*value_of(out, i) = arena_strdup(&r->arena, value->text);
			return 0;
		}
	return complain(file, key, "unknown key", key->text, e);
}

static int check_remote(
	const struct remote *r, const char *file, const struct ynode *at, struct err *e)
{
	if (!image_part_is_valid(r->name))
		return complain(file, at, "no name of a remote:", r->name, e);
	if (!r->url)
		return complain(file, at, "no url in the remote", r->name, e);
	if (!remote_kind_is_known(r->kind))
		return complain(file, at, "unknown kind", r->kind, e);
	if (remote_kind(r) != REMOTE_ROOTYARD && (r->fingerprint || r->root))
		return complain(file, at,
			"a kind that signs nothing has neither fingerprint nor root:",
			r->name, e);
	if (remote_kind(r) == REMOTE_ROOTYARD && !r->fingerprint == !r->root)
		return complain(file, at,
			"either fingerprint or root must stand in the remote", r->name,
			e);
	if (url_check(r->url, r->insecure_transport, e) < 0)
		return err_wrap(e, "%s:%u:%u", file, at->line, at->column);
	return 0;
}

static int take_remote(struct remotes *r, const struct ynode *key,
	const struct ynode *value, const char *file, bool own, struct err *e)
{
	struct remote one = { .own = own };

	if (key->kind != YNODE_SCALAR || value->kind != YNODE_MAPPING)
		return complain(file, value, "expected a mapping in", "remotes", e);
	one.name = arena_strdup(&r->arena, key->text);
	one.file = arena_strdup(&r->arena, file);
	for (size_t i = 0; i < value->count; i++)
		if (take_key(r, &one, value->item[2 * i], value->item[2 * i + 1], file,
			    e) < 0)
			return -1;
	if (!one.kind)
		one.kind = remote_kinds[REMOTE_ROOTYARD].name;
	if (check_remote(&one, file, key, e) < 0)
		return -1;
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->item[i].name, one.name) == 0)
			return 0; /* an earlier file names it: that one wins */
	return remotes_add(r, &one, e);
}

static int take_remotes(struct remotes *r, const struct ynode *list, const char *file,
	bool own, struct err *e)
{
	if (list->kind != YNODE_MAPPING)
		return complain(file, list, "expected a mapping as", "remotes", e);
	for (size_t i = 0; i < list->count; i++)
		if (take_remote(r, list->item[2 * i], list->item[2 * i + 1], file, own,
			    e) < 0)
			return -1;
	return 0;
}

int remotes_parse(
	struct remotes *r, struct bytes text, const char *file, bool own, struct err *e)
{
	auto_yaml struct ydoc doc = { 0 };
	const struct ynode *schema, *list;

	if (yaml_parse(text, file, REMOTES_FILE_MAX, &doc, e) < 0)
		return -1;
	if (!doc.root)
		return 0;
	if (doc.root->kind != YNODE_MAPPING)
		return complain(file, doc.root, "expected a mapping in", file, e);
	for (size_t i = 0; i < doc.root->count; i++) {
		const struct ynode *key = doc.root->item[2 * i];

		if (key->kind != YNODE_SCALAR ||
			(strcmp(key->text, "schema") != 0 &&
				strcmp(key->text, "remotes") != 0 &&
				!(own && strcmp(key->text, "default") == 0)))
			return complain(file, key, "unknown key",
				key->kind == YNODE_SCALAR ? key->text : "", e);
	}
	schema = yaml_get(doc.root, "schema");
	if (!schema || schema->kind != YNODE_SCALAR || strcmp(schema->text, "1") != 0)
		return complain(
			file, schema ? schema : doc.root, "expected", "schema: 1", e);
	list = yaml_get(doc.root, "default");
	if (list && (list->kind != YNODE_SCALAR || !image_part_is_valid(list->text)))
		return complain(
			file, list, "expected the name of a remote as", "default", e);
	if (list)
		r->preferred = arena_strdup(&r->arena, list->text);
	list = yaml_get(doc.root, "remotes");
	return list ? take_remotes(r, list, file, own, e) : 0;
}

static int load_file(struct remotes *r, int dir_fd, const char *dir, const char *name,
	bool own, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(REMOTES_FILE_MAX);
	auto_free char *path = xasprintf("%s%s%s", dir, *dir ? "/" : "", name);

	if (fs_read_at(dir_fd, name, &text, e) < 0)
		return err_wrap(e, "cannot read '%s'", path);
	return remotes_parse(r, buf_bytes(&text), path, own, e);
}

static int load_dir(struct remotes *r, const char *path, struct err *e)
{
	auto_fd int fd = -1;
	auto_names struct fs_names names = { 0 };

	if (access(path, F_OK) < 0)
		return 0;
	fd = fs_open_dir(path, e);
	if (fd < 0 || fs_list_dir(fd, ".", &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		const char *dot = strrchr(names.name[i], '.');

		if (dot && strcmp(dot, ".yaml") == 0 &&
			load_file(r, fd, path, names.name[i], false, e) < 0)
			return -1;
	}
	return 0;
}

int remotes_load(int config_fd, struct remotes *out, struct err *e)
{
	memset(out, 0, sizeof(*out));
	if (fs_exists_at(config_fd, REMOTES_FILE) &&
		load_file(out, config_fd, "", REMOTES_FILE, true, e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_COUNT(system_dirs); i++)
		if (load_dir(out, system_dirs[i], e) < 0)
			return -1;
	return 0;
}

/* ---- changing */

int remotes_add(struct remotes *r, const struct remote *item, struct err *e)
{
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->item[i].name, item->name) == 0)
			return err_set(e, ERR_CONFLICT,
				"the remote '%s' exists already ('%s' in '%s'): remove "
				"it "
				"first, or choose another name",
				item->name, r->item[i].url, r->item[i].file);
	if (r->count == REMOTES_MAX)
		return err_set(e, ERR_LIMIT, "more than %d remotes", REMOTES_MAX);
	r->item[r->count++] = *item;
	return 0;
}

int remotes_remove(struct remotes *r, const char *name, struct err *e)
{
	const struct remote *found = NULL;
	size_t at;

	if (remotes_find(r, name, &found, e) < 0 || !found)
		return -1;
	if (!found->own)
		return err_set(e, ERR_USAGE,
			"cannot remove the remote '%s': it stands in '%s', which is not "
			"yours",
			name, found->file);
	at = (size_t)(found - r->item);
	if (r->preferred && strcmp(r->preferred, name) == 0)
		r->preferred = NULL;
	r->count--;
	memmove(&r->item[at], &r->item[at + 1], (r->count - at) * sizeof(r->item[0]));
	return 0;
}

static void write_remote(struct buf *text, struct remote *one)
{
	buf_printf(text, "  %s:\n", one->name);
	for (size_t k = 0; k < ARRAY_COUNT(keys); k++) {
		if (!*value_of(one, k))
			continue;
		buf_printf(text, "    %s: ", keys[k].key);
		yaml_write_scalar(text, *value_of(one, k));
		buf_add_str(text, "\n");
	}
	if (one->insecure_transport)
		buf_add_str(text, "    insecure_transport: true\n");
}

int remotes_save(int config_fd, const struct remotes *r, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(REMOTES_FILE_MAX);
	auto_buf struct buf list = BUF_INIT(REMOTES_FILE_MAX);

	for (size_t i = 0; i < r->count; i++) {
		struct remote one = r->item[i];

		if (one.own)
			write_remote(&list, &one);
	}
	buf_add_str(&text, "schema: 1\n");
	if (r->preferred)
		buf_printf(&text, "default: %s\n", r->preferred);
	buf_add_str(&text, list.len ? "remotes:\n" : "remotes: {}\n");
	buf_add(&text, list.data, list.len);
	if (buf_check(&list, REMOTES_FILE, e) < 0 ||
		buf_check(&text, REMOTES_FILE, e) < 0)
		return -1;
	return atomic_write_file(config_fd, REMOTES_FILE, buf_bytes(&text), 0600, e);
}

/* ---- finding */

static int no_such(const struct remotes *r, const char *name, struct err *e)
{
	const char *names[REMOTES_MAX], *near;

	for (size_t i = 0; i < r->count; i++)
		names[i] = r->item[i].name;
	near = opt_nearest(name, names, r->count);
	if (near)
		return err_set(e, ERR_NOTFOUND,
			"no remote is called '%s'; did you mean '%s'?", name, near);
	return err_set(e, ERR_NOTFOUND,
		"no remote is called '%s'; 'rootyard remote list' shows them", name);
}

static const struct remote *find_name(const struct remotes *r, const char *name)
{
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->item[i].name, name) == 0)
			return &r->item[i];
	return NULL;
}

static const struct remote *only_one(const struct remotes *r, bool own)
{
	const struct remote *only = NULL;

	for (size_t i = 0; i < r->count; i++) {
		if (own && !r->item[i].own)
			continue;
		if (only)
			return NULL;
		only = &r->item[i];
	}
	return only;
}

static bool has_own(const struct remotes *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->item[i].own)
			return true;
	return false;
}

/* For a name without a remote. A shipped one does not push itself before those that the user
 * added. */
static const struct remote *find_usual(const struct remotes *r)
{
	const struct remote *named = find_name(r, "default");

	if (named && (named->own || !has_own(r)))
		return named;
	return only_one(r, has_own(r));
}

int remotes_find(const struct remotes *r, const char *name, const struct remote **out,
	struct err *e)
{
	const struct remote *found;

	if (!name[0] && r->preferred)
		name = r->preferred;
	found = name[0] ? find_name(r, name) : find_usual(r);
	if (found) {
		*out = found;
		return 0;
	}
	if (name[0])
		return no_such(r, name, e);
	if (r->count == 0)
		return err_set(e, ERR_NOTFOUND,
			"no remote is configured: add one with 'rootyard remote add NAME "
			"URL --fingerprint FPR'");
	return err_set(e, ERR_USAGE,
		"several remotes are configured: say which one, as in '%s:NAME', or "
		"prefer one with 'rootyard remote default %s'",
		r->item[0].name, r->item[0].name);
}
