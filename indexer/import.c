#include "indexer/import.h"

#include "indexer/import_read.h"
#include "lib/adapt/hashfile.h"
#include "lib/adapt/xz.h"
#include "lib/base/fs.h"
#include "lib/model/incusmeta.h"
#include "lib/model/smalltar.h"

#include <ctype.h>
#include <inttypes.h>
#include <time.h>

#define ARTIFACTS  5
#define FILE_MODE  0644
#define META_MAX   (1U << 20)
#define META_LEVEL 6
#define EXPIRY_S   (30 * 86400)
#define MINUTE_S   60
#define TRIES      1440 /* minutes: one day of imports of one image */
#define HOSTNAME   "etc/hostname"

struct making {
	struct yard *yard;
	const struct import *in;
	struct import_read from;
	char serial[SERIAL_MAX];
	int64_t created_s, epoch_s;
	int dir_fd;
	struct artifact artifact[ARTIFACTS];
	size_t count;
	struct build build;
};

void imported_release(struct imported *i)
{
	free(i->dir);
	i->dir = NULL;
}

int import_clean(struct yard *y, struct err *e)
{
	return fs_remove_tree(y->staging_fd, IMPORT_DIR, e);
}

/* ---- the serial: this minute, or the next that the image has free */

static int choose_serial(struct making *m, struct err *e)
{
	m->created_s = m->yard->now_s;
	if (m->in->serial[0]) {
		snprintf(m->serial, sizeof(m->serial), "%s", m->in->serial);
		return serial_to_time(m->serial, &m->created_s, e);
	}
	for (int i = 0; i < TRIES; i++, m->created_s += MINUTE_S) {
		int64_t id;
		int rc;

		serial_from_time(m->created_s, m->serial);
		rc = catalog_build_find(
			m->yard->catalog, &m->in->image, m->serial, &id, e);
		if (rc < 0)
			return -1;
		if (rc == 0)
			return serial_to_time(m->serial, &m->created_s, e);
	}
	return err_set(e, ERR_AGAIN, "no serial is free for the next day");
}

static int open_dir(struct making *m, char **path, struct err *e)
{
	auto_free char *below = NULL;
	char name[IMAGE_NAME_MAX];

	image_format(&m->in->image, name);
	below = xasprintf("%s/%s/%s", IMPORT_DIR, name, m->serial);
	if (import_clean(m->yard, e) < 0 ||
		fs_mkdirs(m->yard->staging_fd, below, 0755, e) < 0)
		return -1;
	m->dir_fd = fs_open_dir_at(m->yard->staging_fd, below, e);
	if (m->dir_fd < 0)
		return -1;
	*path = xasprintf("%s/%s/%s", m->yard->path, YARD_STAGING, below);
	return 0;
}

/* ---- artifacts */

static int add_document(
	struct making *m, const char *name, struct bytes content, struct err *e)
{
	if (atomic_write_file(m->dir_fd, name, content, FILE_MODE, e) < 0)
		return -1;
	m->artifact[m->count++] = (struct artifact){
		.name = name, .size = content.len, .sha256 = digest_of(content)
	};
	return 0;
}

static int end_file(struct making *m, struct hashfile *h, struct err *e)
{
	struct artifact *a = &m->artifact[m->count++];

	*a = (struct artifact){ .name = h->name };
	return hashfile_commit(h, &a->size, &a->sha256, e);
}

static int add_tree(struct making *m, struct err *e)
{
	auto_hashfile struct hashfile xz = HASHFILE_INIT, zst = HASHFILE_INIT;
	struct writer to_xz = hashfile_writer(&xz), to_zst = hashfile_writer(&zst);
	auto_buf struct buf text = BUF_INIT(MANIFEST_BYTES_MAX);
	auto_manifest struct manifest man = { 0 };
	struct pack_source source = importtree_source(m->from.tree);

	manifest_init(&man);
	if (hashfile_begin(&xz, m->dir_fd, "rootfs.tar.xz", FILE_MODE, e) < 0 ||
		hashfile_begin(&zst, m->dir_fd, "rootfs.tar.zst", FILE_MODE, e) < 0 ||
		pack_run(&source, &m->in->pack, &to_xz, &to_zst, &man, NULL, e) < 0 ||
		end_file(m, &xz, e) < 0 || end_file(m, &zst, e) < 0 ||
		manifest_format(&man, &text, e) < 0)
		return -1;
	m->build.diff_id = man.diff_id;
	m->build.entries = man.count;
	m->build.unpacked_size = manifest_unpacked_size(&man);
	m->build.id = digest_of(buf_bytes(&text));
	return add_document(m, "rootfs.man", buf_bytes(&text), e);
}

static int add_compressed(
	struct making *m, const char *name, const struct buf *tar, struct err *e)
{
	auto_buf struct buf xz = BUF_INIT(META_MAX);

	if (xz_encode(buf_bytes(tar), META_LEVEL, &xz, e) < 0)
		return -1;
	return add_document(m, name, buf_bytes(&xz), e);
}

static int add_lxc(struct making *m, const char *kernel, struct err *e)
{
	static const char common[] = "lxc.include = LXC_TEMPLATE_CONFIG/common.conf\n";
	static const char user[] = "lxc.include = LXC_TEMPLATE_CONFIG/userns.conf\n";
	auto_free char *config = xasprintf("%slxc.arch = %s\n", common, kernel);
	auto_free char *config_user =
		xasprintf("%s%slxc.arch = %s\n", common, user, kernel);
	auto_free char *expiry = xasprintf("%" PRId64 "\n", m->created_s + EXPIRY_S);
	const struct {
		const char *name, *text;
	} members[] = { { "expiry", expiry }, { "excludes-user", "\n" },
		{ "config", config }, { "config-user", config_user } };
	auto_buf struct buf tar = BUF_INIT(META_MAX);

	for (size_t i = 0; i < ARRAY_COUNT(members); i++)
		if (smalltar_add(&tar, members[i].name, bytes_of_str(members[i].text),
			    m->epoch_s, e) < 0)
			return -1;
	smalltar_end(&tar);
	if (buf_check(&tar, "meta.tar", e) < 0)
		return -1;
	return add_compressed(m, "meta.tar.xz", &tar, e);
}

/* A host name in the tree becomes the container's, as in images that were built here. */
static int add_incus(struct making *m, const char *kernel, struct err *e)
{
	static const struct incusmeta_template hostname = { .path = "/" HOSTNAME,
		.file = "hostname.tpl",
		.content = "{{ container.name }}\n" };
	const struct image *i = &m->in->image;
	auto_free char *description =
		xasprintf("%c%s %s %s (%s)", toupper((unsigned char)i->distro[0]),
			i->distro + 1, i->release, i->arch, m->serial);
	auto_free char *name = xasprintf(
		"%s-%s-%s-%s-%s", i->distro, i->release, i->arch, i->variant, m->serial);
	const struct incusmeta_property properties[] = { { "architecture", i->arch },
		{ "description", description }, { "name", name }, { "os", i->distro },
		{ "release", i->release }, { "serial", m->serial },
		{ "variant", i->variant } };
	struct incusmeta meta = { .architecture = kernel,
		.created_s = m->created_s,
		.expires_s = m->created_s + EXPIRY_S,
		.mtime_s = m->epoch_s,
		.property = properties,
		.property_count = ARRAY_COUNT(properties),
		.template = &hostname };
	auto_buf struct buf tar = BUF_INIT(META_MAX);
	struct importslice slice;
	struct reader ignored;
	int rc = importtree_find(m->from.tree, HOSTNAME, &slice, &ignored, e);

	if (rc < 0)
		return -1;
	meta.template_count = (size_t)rc;
	if (incusmeta_format(&meta, &tar, e) < 0)
		return -1;
	return add_compressed(m, "incus.tar.xz", &tar, e);
}

/* ---- build.json, last */

static int by_name(const void *a, const void *b)
{
	const struct artifact *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int write_build(struct making *m, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(BUILD_JSON_MAX);
	const char *slash = strrchr(m->in->file, '/');
	auto_free char *url = xasprintf("file:%s", slash ? slash + 1 : m->in->file);
	const struct build_source source = { .url = url,
		.sha256 = m->from.sha256,
		.verified = "none",
		.kind = "tarball" };
	auto_free char *mirror_of =
		m->in->origin ? xasprintf(BUILD_MIRROR_OF "%s", m->in->origin) : NULL;
	struct build *b = &m->build;
	int rc;

	qsort(m->artifact, m->count, sizeof(m->artifact[0]), by_name);
	b->image = m->in->image;
	memcpy(b->serial, m->serial, sizeof(b->serial));
	b->epoch_s = m->epoch_s;
	b->tool = "rootyard " VERSION;
	b->origin = mirror_of ? mirror_of : "import";
	b->artifact = m->artifact;
	b->artifact_count = m->count;
	b->source = &source;
	b->source_count = 1;
	rc = build_format(b, &text, e);
	b->origin = "import"; /* these go with this function */
	b->source = NULL;
	b->source_count = 0;
	if (rc < 0)
		return -1;
	return atomic_write_file(m->dir_fd, "build.json", buf_bytes(&text), FILE_MODE, e);
}

static int make(struct making *m, struct err *e)
{
	const char *kernel = arch_to_kernel(m->in->image.arch);

	if (!kernel)
		return err_set(e, ERR_USAGE, "'%s' is no architecture known here",
			m->in->image.arch);
	m->epoch_s = importtree_newest_s(m->from.tree);
	if (add_tree(m, e) < 0 || add_lxc(m, kernel, e) < 0 ||
		add_incus(m, kernel, e) < 0)
		return -1;
	return write_build(m, e);
}

int import_build(
	struct yard *y, const struct import *in, struct imported *out, struct err *e)
{
	struct making m = { .yard = y, .in = in, .dir_fd = -1 };
	int rc;

	*out = (struct imported){ .dir = NULL };
	build_init(&m.build);
	if (choose_serial(&m, e) < 0 || open_dir(&m, &out->dir, e) < 0)
		return -1;
	rc = import_read(y->staging_fd, in->file, in->image.arch, &m.from, e);
	if (rc == 0)
		rc = make(&m, e);
	if (rc == 0) {
		snprintf(out->kind, sizeof(out->kind), "%s", m.from.kind);
		out->entries = m.build.entries;
		out->left_out = importtree_left_out(m.from.tree);
	}
	importtree_free(&m.from.tree);
	close(m.dir_fd);
	return rc;
}
