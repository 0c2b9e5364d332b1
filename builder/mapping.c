#include "builder/mapping.h"

struct arch {
	const char *kernel;
	const char *aliases; /* blank separated */
	const char *personality;
};

static const struct arch archs[] = {
	{ "i686", "i386 i586 386 x86 generic_32", "linux32" },
	{ "x86_64", "amd64 generic_64", "linux64" },
	{ "armv6l", "armel arm", "linux32" },
	{ "armv7l", "armhf armhfp armv7a_hardfp armv7 armv7a_vfpv3_hardfp", "linux32" },
	{ "armv8l", "", "linux32" },
	{ "aarch64", "arm64 arm64_generic", "linux64" },
	{ "ppc", "powerpc", "linux32" },
	{ "ppc64", "powerpc64", "linux64" },
	{ "ppc64le", "ppc64el", "linux64" },
	{ "s390x", "", "linux64" },
	{ "mips", "mipsel mipsle", "linux32" },
	{ "mips64", "mips64el mips64le", "linux64" },
	{ "riscv32", "", "linux32" },
	{ "riscv64", "", "linux64" },
	{ "loongarch64", "loong64", "linux64" },
};

struct map {
	const char *name;
	const char *pairs; /* "kernel=distribution's name", blank separated */
};

static const struct map maps[] = {
	{ "debian", "i686=i386 x86_64=amd64 armv7l=armhf aarch64=arm64 ppc=powerpc "
		    "ppc64=powerpc64 ppc64le=ppc64el" },
	{ "alpinelinux", "i686=x86 x86_64=x86_64 armv7l=armv7" },
	{ "archlinux", "x86_64=x86_64 armv7l=armv7 aarch64=aarch64" },
	{ "centos", "i686=i386" },
	{ "gentoo", "i686=i686 x86_64=amd64 armv7l=armv7a_hardfp ppc=ppc ppc64=ppc64 "
		    "ppc64le=ppc64le s390x=s390x" },
	{ "openwrt", "x86_64=x86-64 armv7l=armsr-armv7 aarch64=armsr-armv8" },
	{ "plamolinux", "i686=x86" },
	{ "altlinux", "i686=i586 x86_64=x86_64 aarch64=aarch64" },
	{ "voidlinux", "i686=i686 x86_64=x86_64 armv7l=armv7l aarch64=aarch64" },
	{ "slackware", "i686=i586 x86_64=x86_64" },
	{ "funtoo", "i686=generic_32 x86_64=generic_64 armv7l=armv7a_vfpv3_hardfp "
		    "aarch64=arm64_generic" },
};

/* Is word one of the blank separated words? */
static bool has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	while (*words) {
		size_t this = strcspn(words, " ");

		if (this == len && memcmp(words, word, len) == 0)
			return true;
		words += this + (words[this] == ' ');
	}
	return false;
}

static const struct arch *arch_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_COUNT(archs); i++)
		if (strcmp(archs[i].kernel, name) == 0 ||
			has_word(archs[i].aliases, name))
			return &archs[i];
	return NULL;
}

const char *mapping_kernel_name(const char *arch)
{
	const struct arch *a = arch_find(arch);

	return a ? a->kernel : NULL;
}

const char *mapping_name(size_t number, struct arena *arena)
{
	for (size_t i = 0; i < ARRAY_COUNT(archs); i++) {
		const char *p = archs[i].aliases;

		if (number-- == 0)
			return archs[i].kernel;
		for (; *p; p += strspn(p, " ")) {
			size_t len = strcspn(p, " ");

			if (number-- == 0)
				return arena_strndup(arena, p, len);
			p += len;
		}
	}
	return NULL;
}

const char *mapping_personality(const char *kernel_name)
{
	const struct arch *a = arch_find(kernel_name);

	return a ? a->personality : "linux64";
}

/* The right side of the pair whose left side is kernel; borrows, ends at a blank. */
static const char *map_lookup(const struct map *map, const char *kernel, size_t *len)
{
	size_t kernel_len = strlen(kernel);

	for (const char *p = map->pairs; *p;) {
		size_t pair = strcspn(p, " ");

		if (strncmp(p, kernel, kernel_len) == 0 && p[kernel_len] == '=') {
			*len = pair - kernel_len - 1;
			return p + kernel_len + 1;
		}
		p += pair + (p[pair] == ' ');
	}
	return NULL;
}

static const char *map_named(
	const char *table, const char *arch, const char *kernel, struct arena *arena)
{
	const char *found;
	size_t len;

	for (size_t i = 0; i < ARRAY_COUNT(maps); i++) {
		if (strcmp(maps[i].name, table) != 0)
			continue;
		found = map_lookup(&maps[i], kernel, &len);
		return found ? arena_strndup(arena, found, len) : arch;
	}
	return arch;
}

const char *mapping_apply(const char *table, const struct text_map *own, const char *arch,
	struct arena *arena)
{
	const char *kernel = mapping_kernel_name(arch);

	if (!kernel || strcmp(arch, "armel") == 0)
		return arch;
	if (*table)
		return map_named(table, arch, kernel, arena);
	for (size_t i = 0; i < own->count; i++)
		if (strcmp(text_str(&own->item[i].key), kernel) == 0)
			return text_str(&own->item[i].value);
	return arch;
}
