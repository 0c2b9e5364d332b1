#include "indexer/emit.h"
#include "lib/model/lxcindex.h"

/* What each compat level can run, oldest first. 5 to 7 are one: the newest. */
enum { SYSTEM_1, USER_1, LEVEL_2, LEVEL_3, NEWEST, TEXTS };

#define SYSTEM "meta/1.0/index-system"
#define USER   "meta/1.0/index-user"

/* Clients ask for the name with their level first, three times if it is absent. */
static const struct emit_file files[] = {
	{ SYSTEM, NEWEST, EMIT_ASC },
	{ SYSTEM ".1", SYSTEM_1, EMIT_ASC },
	{ SYSTEM ".2", LEVEL_2, EMIT_ASC },
	{ SYSTEM ".3", LEVEL_3, EMIT_ASC },
	{ SYSTEM ".4", NEWEST, EMIT_ASC },
	{ SYSTEM ".5", NEWEST, EMIT_ASC },
	{ SYSTEM ".6", NEWEST, EMIT_ASC },
	{ SYSTEM ".7", NEWEST, EMIT_ASC },
	{ USER, NEWEST, EMIT_ASC },
	{ USER ".1", USER_1, EMIT_ASC },
	{ USER ".2", LEVEL_2, EMIT_ASC },
	{ USER ".3", LEVEL_3, EMIT_ASC },
	{ USER ".4", NEWEST, EMIT_ASC },
	{ USER ".5", NEWEST, EMIT_ASC },
	{ USER ".6", NEWEST, EMIT_ASC },
	{ USER ".7", NEWEST, EMIT_ASC },
};

/* The first level whose client knows the distribution. */
static const struct {
	const char *distro;
	unsigned int from;
} later[] = {
	{ "alpine", LEVEL_3 },
	{ "archlinux", LEVEL_2 },
	{ "opensuse", LEVEL_2 },
	{ "sabayon", NEWEST },
};

static unsigned int first_level(const char *distro)
{
	for (size_t i = 0; i < ARRAY_COUNT(later); i++)
		if (strcmp(later[i].distro, distro) == 0)
			return later[i].from;
	return SYSTEM_1;
}

/* A build without these is for virtual machines. */
static bool is_container(const struct emit_build *b)
{
	return emit_build_file(b, "rootfs.tar.xz") && emit_build_file(b, "meta.tar.xz");
}

static void image(const struct emit_site *s, const struct emit_image *i, void *state,
	struct buf *text)
{
	const struct emit_build *b = &i->build[0];
	unsigned int from = first_level(i->listed->image.distro);

	(void)s;
	(void)state;
	if (!is_container(b))
		return;
	for (unsigned int at = from; at < TEXTS; at++)
		/* before cgroup namespaces no user could start a systemd */
		if (at != USER_1 || strcmp(b->row.init, "systemd") != 0)
			lxcindex_line(&text[at], &i->listed->image, i->listed->serial);
}

const struct emitter emit_lxc = {
	.client = CLIENT_LXC,
	.file = files,
	.file_count = ARRAY_COUNT(files),
	.text_count = TEXTS,
	.image = image,
};
