#include "builder/source.h"

#include "builder/archive.h"

struct source {
	const char *name;
	int (*unpack)(struct job *j, struct err *e);
	bool takes_early;
};

static const struct source sources[] = {
	{ "debootstrap", source_debootstrap, true },
	{ "rootfs-http", source_rootfs_http, false },
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

int source_account(struct job *j, struct err *e)
{
	return j->has_lists ? archive_account(j, e) : 0;
}
