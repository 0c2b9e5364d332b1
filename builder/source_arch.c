/* Arch Linux's bootstrap archive, and those of its ports. */
#include "builder/listing.h"
#include "builder/source.h"

#define NATIVE "x86_64"

static const char *const newest_names[] = { "", "current", "latest" };

static bool means_newest(const char *release)
{
	for (size_t i = 0; i < ARRAY_COUNT(newest_names); i++)
		if (strcmp(release, newest_names[i]) == 0)
			return true;
	return false;
}

/* Its releases are named by days; the archive holds the tree below root.x86_64. */
static int native(struct job *j, const char *base, struct err *e)
{
	static const struct listing days = { .prefix = "", .suffix = "", .dots = 2 };
	const char *release = text_str(&j->recipe->image.release);
	char newest[LISTING_VERSION_MAX];
	struct evidence v = { .url = NULL };

	if (means_newest(release)) {
		const char *dir = arena_printf(&j->arena, "%s/", base);

		if (source_newest(j, dir, &days, newest, e) < 0)
			return -1;
		release = newest;
	}
	v.url = arena_printf(&j->arena, "%s/%s/archlinux-bootstrap-%s-" NATIVE ".tar.zst",
		base, release, release);
	v.signature = arena_printf(&j->arena, "%s.sig", v.url);
	return source_archive(j, &v, "root." NATIVE, e);
}

/* The ports have one archive each, which holds the tree as it is. */
static int port(struct job *j, const char *base, const char *arch, struct err *e)
{
	struct evidence v = { .url = arena_printf(&j->arena,
				      "%s/os/ArchLinuxARM-%s-latest.tar.gz", base,
				      arch) };

	v.signature = arena_printf(&j->arena, "%s.sig", v.url);
	return source_archive(j, &v, NULL, e);
}

int source_arch(struct job *j, struct err *e)
{
	const char *arch = text_str(&j->recipe->image.architecture_mapped), *base;

	if (source_base(j, &base, e) < 0)
		return -1;
	return strcmp(arch, NATIVE) == 0 ? native(j, base, e) : port(j, base, arch, e);
}
