#include "indexer/site.h"

#include "indexer/ymap.h"
#include "lib/base/fs.h"

#include <time.h>

static int check_schema(const struct ynode *map, const char *name, struct err *e)
{
	const struct ynode *n = yaml_get(map, "schema");

	return strcmp(n->text, "1") == 0
		       ? 0
		       : ymap_complain(n, name, "'schema' must be 1", e);
}

static const char *copy_text(struct arena *a, const struct ynode *n)
{
	return n ? arena_strndup(a, n->text, n->len) : "";
}

/* A line of text that indexes and pages can carry. */
static bool is_plain_text(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	return true;
}

bool site_name_is_valid(const char *name)
{
	size_t len = strlen(name);

	return len && len <= 100 && is_plain_text(name) && !strpbrk(name, "<>@()");
}

/* A part of an image's name that may stand alone. */
static int name_of(struct arena *a, const struct ynode *n, const char *name,
	const char **out, struct err *e)
{
	if (n->kind != YNODE_SCALAR || strlen(n->text) != n->len ||
		!image_part_is_valid(n->text))
		return ymap_complain(n, name, "not a name", e);
	*out = copy_text(a, n);
	return 0;
}

static bool is_date(const char *s)
{
	const char *shape = "dddd-dd-dd";

	if (strlen(s) != strlen(shape))
		return false;
	for (size_t i = 0; shape[i]; i++)
		if (shape[i] == 'd' ? s[i] < '0' || s[i] > '9' : s[i] != shape[i])
			return false;
	return true;
}

static const struct ymap_field release_fields[] = {
	{ "version", YNODE_SCALAR, false },
	{ "aliases", YNODE_SEQUENCE, false },
	{ "eol", YNODE_SCALAR, false },
	{ "arches", YNODE_SEQUENCE, false },
	{ "variants", YNODE_SEQUENCE, false },
	{ "mirror", YNODE_SCALAR, false },
	{ "keys", YNODE_SEQUENCE, false },
	{ "options", YNODE_MAPPING, false },
	{ "timeout_s", YNODE_SCALAR, false },
	{ "accept_expired_release_days", YNODE_SCALAR, false },
	{ "accept_eol", YNODE_SCALAR, false },
	{ "checksums", YNODE_SCALAR, false },
	{ "signature", YNODE_SCALAR, false },
	{ "sha256", YNODE_MAPPING, false },
};

static int add_alias(struct arena *a, const struct ynode *n, const char *name,
	struct site_release *r, struct err *e)
{
	if (r->alias_count == SITE_ALIASES_MAX)
		return ymap_complain(n, name, "too many aliases", e);
	return name_of(a, n, name, &r->alias[r->alias_count++], e);
}

static int read_release(struct arena *a, const struct ynode *key,
	const struct ynode *value, const char *name, struct site_release *r,
	struct err *e)
{
	const struct ynode *n;

	if (name_of(a, key, name, &r->name, e) < 0 ||
		ymap_check(value, release_fields, ARRAY_COUNT(release_fields), name, e) <
			0)
		return -1;

	n = yaml_get(value, "version");
	if (n && add_alias(a, n, name, r, e) < 0)
		return -1;
	n = yaml_get(value, "aliases");
	for (size_t i = 0; n && i < n->count; i++)
		if (add_alias(a, n->item[i], name, r, e) < 0)
			return -1;

	n = yaml_get(value, "eol");
	r->eol = copy_text(a, n);
	if (n && !is_date(r->eol))
		return ymap_complain(n, name, "'eol' must be YYYY-MM-DD", e);
	return 0;
}

static const struct ymap_field releases_fields[] = {
	{ "schema", YNODE_SCALAR, true },
	{ "distro", YNODE_SCALAR, true },
	{ "default_release", YNODE_SCALAR, false },
	{ "releases", YNODE_MAPPING, true },
};

static int parse_releases(struct bytes text, const char *name, struct arena *a,
	struct site_release **out, size_t *count, const char **distro, struct err *e)
{
	auto_yaml struct ydoc doc = { 0 };
	const struct ynode *list, *def;
	bool found_default = false;

	if (yaml_parse(text, name, SITE_MAX, &doc, e) < 0)
		return -1;
	if (!doc.root)
		return err_set(e, ERR_PARSE, "%s: is empty", name);
	if (ymap_check(doc.root, releases_fields, ARRAY_COUNT(releases_fields), name, e) <
			0 ||
		check_schema(doc.root, name, e) < 0 ||
		name_of(a, yaml_get(doc.root, "distro"), name, distro, e) < 0)
		return -1;

	list = yaml_get(doc.root, "releases");
	def = yaml_get(doc.root, "default_release");
	*out = arena_array(a, list->count ? list->count : 1, sizeof(**out));
	*count = list->count;
	for (size_t i = 0; i < list->count; i++) {
		struct site_release *r = &(*out)[i];

		if (read_release(
			    a, list->item[2 * i], list->item[2 * i + 1], name, r, e) < 0)
			return -1;
		r->distro = *distro;
		r->is_default = def && strcmp(def->text, r->name) == 0;
		found_default = found_default || r->is_default;
	}
	if (def && !found_default)
		return ymap_complain(
			def, name, "'default_release' is none of the releases", e);
	return 0;
}

int site_check_releases(struct bytes text, const char *name, struct arena *arena,
	const char **distro, struct err *e)
{
	struct site_release *list;
	size_t count;

	return parse_releases(text, name, arena, &list, &count, distro, e);
}

static int read_releases(
	int yard_fd, const struct ynode *n, struct site *s, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(SITE_MAX);
	struct site_release *list, *all;
	const char *distro = NULL;
	char path[300];
	size_t count;

	if (n->kind != YNODE_SCALAR || !n->len || memchr(n->text, '/', n->len) ||
		strlen(n->text) != n->len || n->len > RELPATH_NAME_MAX)
		return ymap_complain(n, SITE_NAME, "not a file name in releases/", e);

	snprintf(path, sizeof(path), "%s/%s", SITE_RELEASES, n->text);
	if (fs_read_at(yard_fd, path, &text, e) < 0)
		return -1;
	if (parse_releases(buf_bytes(&text), path, &s->arena, &list, &count, &distro, e) <
		0)
		return -1;

	all = arena_array(&s->arena, s->release_count + count + 1, sizeof(*all));
	if (s->release_count)
		memcpy(all, s->release, s->release_count * sizeof(*all));
	if (count)
		memcpy(all + s->release_count, list, count * sizeof(*all));
	s->release = all;
	s->release_count += count;
	return 0;
}

static const struct ymap_field site_fields[] = {
	{ "schema", YNODE_SCALAR, true },
	{ "name", YNODE_SCALAR, true },
	{ "base_url", YNODE_SCALAR, false },
	{ "mirrors", YNODE_SEQUENCE, false },
	{ "clients", YNODE_SEQUENCE, false },
	{ "hold_percent", YNODE_SCALAR, false },
	{ "deltas", YNODE_SEQUENCE, false },
	{ "delta_percent", YNODE_SCALAR, false },
	{ "retention", YNODE_MAPPING, false },
	{ "releases", YNODE_SEQUENCE, false },
};

static int read_url(
	struct arena *a, const struct ynode *n, const char **out, struct err *e)
{
	if (n->kind != YNODE_SCALAR || strlen(n->text) != n->len ||
		!is_plain_text(n->text) || strchr(n->text, ' ') ||
		(strncmp(n->text, "https://", 8) != 0 &&
			strncmp(n->text, "http://", 7) != 0))
		return ymap_complain(n, SITE_NAME,
			"not a URL that begins with https:// or http://", e);
	*out = copy_text(a, n);
	return 0;
}

static int read_deltas(const struct ynode *root, struct site *s, struct err *e)
{
	const struct ynode *n = yaml_get(root, "deltas");

	s->delta[0] = s->delta_count = 1;
	if (n)
		s->delta_count = 0;
	for (size_t i = 0; n && i < n->count; i++) {
		int64_t *to = &s->delta[s->delta_count];

		if (s->delta_count++ == SITE_DELTAS_MAX)
			return ymap_complain(n, SITE_NAME, "too many deltas", e);
		if (n->item[i]->kind != YNODE_SCALAR)
			return ymap_complain(n->item[i], SITE_NAME, "not a number", e);
		if (ymap_number(n->item[i], SITE_NAME, 0, 1000, to, e) < 0)
			return -1;
		if (*to == 0)
			return ymap_complain(n->item[i], SITE_NAME,
				"0 builds back is the build itself", e);
	}

	s->delta_percent = SITE_DELTA_PERCENT;
	n = yaml_get(root, "delta_percent");
	return n ? ymap_number(n, SITE_NAME, 0, 100, &s->delta_percent, e) : 0;
}

static int read_clients(const struct ynode *list, unsigned int *out, struct err *e)
{
	*out = CLIENTS_ALWAYS;
	for (size_t i = 0; i < list->count; i++) {
		const struct ynode *n = list->item[i];
		unsigned int bit = n->kind == YNODE_SCALAR ? client_find(n->text) : 0;
		auto_buf struct buf names = BUF_INIT(256);

		if (!bit) {
			clients_list(&names);
			return err_set(e, ERR_PARSE,
				"%s:%u:%u: '%s' is no client that is served here: name "
				"some of %s",
				SITE_NAME, n->line, n->column,
				n->kind == YNODE_SCALAR ? n->text : "", buf_str(&names));
		}
		*out |= bit;
	}
	return 0;
}

static int read_site(int yard_fd, const struct ynode *root, struct site *s, struct err *e)
{
	const struct ynode *n;

	if (ymap_check(root, site_fields, ARRAY_COUNT(site_fields), SITE_NAME, e) < 0 ||
		check_schema(root, SITE_NAME, e) < 0)
		return -1;

	n = yaml_get(root, "name");
	s->name = copy_text(&s->arena, n);
	if (strlen(s->name) != n->len || !site_name_is_valid(s->name))
		return ymap_complain(
			n, SITE_NAME, "'name' must be one line of 1 to 100 bytes", e);

	n = yaml_get(root, "base_url");
	s->base_url = "";
	if (n && read_url(&s->arena, n, &s->base_url, e) < 0)
		return -1;

	n = yaml_get(root, "mirrors");
	for (size_t i = 0; n && i < n->count; i++) {
		if (s->mirror_count == SITE_LIST_MAX)
			return ymap_complain(n, SITE_NAME, "too many mirrors", e);
		if (read_url(&s->arena, n->item[i], &s->mirror[s->mirror_count++], e) < 0)
			return -1;
	}

	s->clients = CLIENTS_DEFAULT;
	n = yaml_get(root, "clients");
	if (n && read_clients(n, &s->clients, e) < 0)
		return -1;

	s->hold_percent = SITE_HOLD_PERCENT;
	n = yaml_get(root, "hold_percent");
	if (n && ymap_number(n, SITE_NAME, 0, 100000, &s->hold_percent, e) < 0)
		return -1;

	if (retention_read(yaml_get(root, "retention"), SITE_NAME, &s->arena,
		    &s->retention, e) < 0)
		return -1;

	if (read_deltas(root, s, e) < 0)
		return -1;

	n = yaml_get(root, "releases");
	for (size_t i = 0; n && i < n->count; i++)
		if (read_releases(yard_fd, n->item[i], s, e) < 0)
			return -1;
	return 0;
}

int site_read(int yard_fd, struct site *out, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(SITE_MAX);
	auto_yaml struct ydoc doc = { 0 };
	auto_site struct site s = { 0 };

	if (fs_read_at(yard_fd, SITE_NAME, &text, e) < 0)
		return -1;
	if (yaml_parse(buf_bytes(&text), SITE_NAME, SITE_MAX, &doc, e) < 0)
		return -1;
	if (!doc.root)
		return err_set(e, ERR_PARSE, "%s: is empty", SITE_NAME);
	if (read_site(yard_fd, doc.root, &s, e) < 0)
		return -1;
	mirrors_read(yard_fd, s.mirror, s.mirror_count, &s.arena, s.mirror_check);

	*out = s;
	s = (struct site){ 0 };
	return 0;
}

void site_release(struct site *s)
{
	arena_release(&s->arena);
}

const struct site_release *site_find(const struct site *s, const struct image *i)
{
	for (size_t k = 0; k < s->release_count; k++)
		if (strcmp(s->release[k].distro, i->distro) == 0 &&
			strcmp(s->release[k].name, i->release) == 0)
			return &s->release[k];
	return NULL;
}

bool site_release_is_eol(const struct site_release *r, int64_t now_s)
{
	time_t t = (time_t)now_s;
	struct tm tm;
	char today[32];

	if (!r->eol[0] || !gmtime_r(&t, &tm) ||
		!strftime(today, sizeof(today), "%Y-%m-%d", &tm))
		return false;
	return strcmp(today, r->eol) > 0;
}

static void add_fact(struct hasher *h, const char *text)
{
	hasher_add(h, text, strlen(text) + 1);
}

struct digest site_facts(const struct site *s, int64_t now_s)
{
	auto_hasher struct hasher h;

	hasher_init(&h);
	add_fact(&h, s->name);
	add_fact(&h, s->base_url);
	hasher_add(&h, &s->clients, sizeof(s->clients));
	for (size_t i = 0; i < s->mirror_count; i++)
		add_fact(&h, s->mirror[i]);
	for (size_t i = 0; i < s->release_count; i++) {
		const struct site_release *r = &s->release[i];

		add_fact(&h, "release");
		add_fact(&h, r->distro);
		add_fact(&h, r->name);
		add_fact(&h, r->eol);
		add_fact(&h, r->is_default ? "default" : "");
		add_fact(&h, site_release_is_eol(r, now_s) ? "over" : "");
		for (size_t k = 0; k < r->alias_count; k++)
			add_fact(&h, r->alias[k]);
	}
	return hasher_final(&h);
}

void site_format(struct buf *out, const char *name, const char *const *releases,
	size_t release_count)
{
	buf_add_str(out,
		"# What this image server is called and where it can be reached.\n"
		"schema: 1\n"
		"name: ");
	yaml_write_scalar(out, name);
	buf_add_str(out,
		"\n\n# The address people use. Indexes that carry absolute URLs need "
		"it.\n"
		"#base_url: https://images.example.org\n"
		"\n# Other servers with the same tree; clients try them in this order.\n"
		"#mirrors: [https://mirror.example.org/images]\n"
		"\n# Whose indexes are made. wsl and aplinfo need base_url. oci-gzip and "
		"aplinfo\n"
		"# cost a file of their own in each build that is added from then on.\n"
		"#clients: [lxc, simplestreams, oci, wsl, oci-gzip, aplinfo]\n"
		"\n# A build whose unpacked size or number of packages is off by more "
		"than this\n"
		"# share of the last good one, in per cent, is held back until 'add "
		"--force'.\n"
		"# 0 holds none.\n"
		"#hold_percent: 30\n"
		"\n# From how many builds back clients can update by a delta; [] makes "
		"none. A\n"
		"# delta of more than delta_percent of the full download is not kept.\n"
		"#deltas: [1]\n"
		"#delta_percent: 40\n"
		"\n# What 'prune' keeps of each image: its newest builds, those younger "
		"than keep_days,\n"
		"# the newest one that passed its test, and what is pinned. Files go "
		"grace_days\n"
		"# after the last index that names them; an image without a new build "
		"for\n"
		"# deprecate_days is called deprecated (0: never) and keeps one.\n"
		"#retention:\n"
		"#  keep: 5\n"
		"#  keep_days: 0\n"
		"#  keep_tested: true\n"
		"#  grace_days: 10\n"
		"#  deprecate_days: 0\n"
		"#  images:\n"
		"#    - {match: \"debian/*/*/cloud\", keep: 10}\n"
		"\n# Files in releases/ (copies of the recipes' releases.yaml): they "
		"alone decide\n"
		"# aliases, default releases and ends of life.\n");
	if (!release_count) {
		buf_add_str(out, "#releases: [debian.yaml]\n");
		return;
	}
	buf_add_str(out, "releases:\n");
	for (size_t i = 0; i < release_count; i++) {
		buf_add_str(out, "  - ");
		yaml_write_scalar(out, releases[i]);
		buf_add_byte(out, '\n');
	}
}
