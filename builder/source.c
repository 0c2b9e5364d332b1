#include "builder/source.h"

#include "builder/archive.h"
#include "builder/unpack.h"

#include "lib/base/fs.h"

#define URL_MAX  4096
#define PAGE_MAX (8U << 20)

struct source {
	const char *name;
	int (*unpack)(struct job *j, struct err *e);
	bool takes_early;
};

static const struct source sources[] = {
	{ "debootstrap", source_debootstrap, true },
	{ "rootfs-http", source_rootfs_http, false },
	{ "docker-http", source_docker, false },
	{ "alpinelinux-http", source_alpine, false },
	{ "archlinux-http", source_arch, false },
	{ "rpmbootstrap", source_rpmbootstrap, true },
	{ "rootyard", source_rootyard, false },
};

static const struct source *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_COUNT(sources); i++)
		if (strcmp(sources[i].name, name) == 0)
			return &sources[i];
	return NULL;
}

bool source_is_supported(const char *downloader)
{
	return find(downloader) != NULL;
}

bool source_takes_early(const char *downloader)
{
	const struct source *s = find(downloader);

	return s && s->takes_early;
}

int source_unpack(struct job *j, struct err *e)
{
	const char *name = text_str(&j->recipe->source.downloader);
	const struct source *s = find(name);

	if (!s)
		return err_set(e, ERR_RECIPE, "no downloader '%s'", name);
	return s->unpack(j, e);
}

/* What a server sent is its fault; a file of this host is ours to mend. */
static int blame(const struct evidence *v, struct err *e)
{
	if (strncmp(v->url, "file:", 5) != 0 && e->code == ERR_PARSE)
		e->code = ERR_UPSTREAM;
	return -1;
}

int source_archive(
	struct job *j, const struct evidence *v, const char *beneath, struct err *e)
{
	auto_fetched struct fetched f = FETCHED_INIT;
	struct unpack_archive archive = { .name = v->url };
	const struct unpack_plan plan = {
		.archive = &archive, .count = 1, .beneath = beneath
	};
	int64_t newest;

	if (evidence_fetch(j, v, &f, e) < 0)
		return -1;
	archive.fd = f.fd;
	if (unpack_run(&plan, j->root_dir, &newest, e) < 0) {
		fetched_forget(j, v->url, &f.sha256);
		return blame(v, e);
	}
	if (!j->epoch_fixed)
		j->epoch_s = newest;
	return 0;
}

int source_base(struct job *j, const char **out, struct err *e)
{
	auto_buf struct buf url = BUF_INIT(URL_MAX);
	size_t len;

	if (recipe_render(j->recipe, &j->recipe->source.url, "source.url", &url, e) < 0)
		return -1;
	for (len = url.len; len && url.data[len - 1] == '/'; len--)
		continue;
	if (len == 0)
		return err_set(e, ERR_RECIPE, "'source.url' says not where to fetch");
	*out = arena_strndup(&j->arena, buf_str(&url), len);
	return 0;
}

int source_newest(struct job *j, const char *url, const struct listing *l,
	char version[LISTING_VERSION_MAX], struct err *e)
{
	auto_buf struct buf page = BUF_INIT(PAGE_MAX);
	struct listing whole = *l;
	auto_fd int fd = -1;

	if (fetched_document(j, url, NULL, false, &fd, e) < 0)
		return -1;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, "cannot rewind '%s'", url);
	if (fs_read_fd(fd, url, &page, e) < 0)
		return -1;
	whole.page = buf_bytes(&page);
	if (listing_newest(&whole, version, e) < 0)
		return err_wrap(e, "'%s'", url);
	return 0;
}

int source_account(struct job *j, struct err *e)
{
	return j->has_lists ? archive_account(j, e) : 0;
}
