#include "builder/packagedb.h"

static const char *const merged[] = { "bin", "sbin", "lib", "lib32", "lib64", "libx32" };

unsigned int packagedb_merged(int root_dir)
{
	unsigned int bits = 0;
	char target[64];

	for (size_t i = 0; i < ARRAY_COUNT(merged); i++) {
		ssize_t n = readlinkat(root_dir, merged[i], target, sizeof(target) - 1);

		if (n <= 0)
			continue;
		target[n] = '\0';
		if (strncmp(target, "usr/", 4) == 0 && strcmp(target + 4, merged[i]) == 0)
			bits |= 1U << i;
	}
	return bits;
}

int packagedb_add(struct packages *p, struct package **out, struct err *e)
{
	if (p->count == PACKAGELIST_MAX)
		return err_set(e, ERR_LIMIT, "more than %d packages", PACKAGELIST_MAX);
	if (p->count == p->room) {
		p->room = p->room ? p->room * 2 : 256;
		p->item = xrealloc(p->item, p->room * sizeof(*p->item));
	}
	*out = &p->item[p->count++];
	**out = (struct package){ .name = "",
		.version = "",
		.arch = "",
		.source = "",
		.source_version = "",
		.section = "",
		.license = "" };
	return 0;
}

bool packagedb_is_moved(unsigned int bits, const char *path, size_t len)
{
	for (size_t i = 0; i < ARRAY_COUNT(merged); i++) {
		size_t top = strlen(merged[i]);

		if ((bits & 1U << i) && len > top && path[top] == '/' &&
			memcmp(path, merged[i], top) == 0)
			return true;
	}
	return false;
}

void packagedb_add_path(struct packages *p, const char *path, size_t len, size_t owner)
{
	bool moved = packagedb_is_moved(p->merged, path, len);

	if (p->path_count == p->path_room) {
		p->path_room = p->path_room ? p->path_room * 2 : 4096;
		p->path = xrealloc(p->path, p->path_room * sizeof(*p->path));
	}
	p->path[p->path_count++] = (struct package_path){
		.path = arena_printf(
			&p->arena, "%s%.*s", moved ? "usr/" : "", (int)len, path),
		.owner = owner,
	};
}

const char *packagedb_text(struct packages *p, struct bytes value)
{
	return arena_strndup(
		&p->arena, value.data ? value.data : (const void *)"", value.len);
}

uint64_t packagedb_number(struct bytes text)
{
	uint64_t value = 0;

	for (size_t i = 0; i < text.len && text.data[i] >= '0' && text.data[i] <= '9';
		i++)
		if (value < (1ULL << 40))
			value = value * 10 + (uint64_t)(text.data[i] - '0');
	return value;
}
