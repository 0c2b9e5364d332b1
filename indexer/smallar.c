#include "indexer/smallar.h"

#include "indexer/meter.h"
#include "lib/adapt/tar.h"
#include "lib/adapt/xz.h"
#include "lib/base/relpath.h"

/* What tar itself adds to the contents: headers, padding, the end. */
#define FRAME_MAX (SMALLAR_ENTRIES_MAX * 8192U)

static int entry_name(
	struct smallar *a, const struct tar_entry *t, const char *archive, struct err *e)
{
	struct smallar_file *f = &a->file[a->count];
	size_t len = strlen(t->path);
	struct relpath path;
	char *name;

	f->is_dir = t->type == TAR_DIR;
	if (f->is_dir && len && t->path[len - 1] == '/')
		len--;
	name = arena_strndup(&a->arena, t->path, len);
	if (t->type != TAR_FILE && t->type != TAR_DIR)
		return err_set(
			e, ERR_PARSE, "'%s': '%s' is not a regular file", archive, name);
	if (relpath_parse(name, &path, e) < 0)
		return err_wrap(e, "'%s'", archive);
	if (smallar_find(a, name))
		return err_set(e, ERR_PARSE, "'%s': '%s' comes twice", archive, name);
	f->name = name;
	return 0;
}

static int entry_text(struct smallar *a, struct tar *tar, const struct tar_entry *t,
	const char *archive, struct err *e)
{
	struct smallar_file *f = &a->file[a->count];
	size_t at = 0, size;
	unsigned char *text;

	if (t->size < 0 || t->size > SMALLAR_BYTES_MAX)
		return err_set(e, ERR_LIMIT, "'%s': '%s' is larger than %u bytes",
			archive, f->name, SMALLAR_BYTES_MAX);
	size = (size_t)t->size;
	text = arena_alloc(&a->arena, size + 1);
	while (at < size) {
		ssize_t n = tar_read(tar, text + at, size - at, e);

		if (n < 0)
			return err_wrap(e, "'%s'", archive);
		if (n == 0)
			return err_set(e, ERR_PARSE, "'%s': '%s' is truncated", archive,
				f->name);
		at += (size_t)n;
	}
	f->text = bytes_of(text, size);
	return 0;
}

static int read_entries(
	struct smallar *a, struct tar *tar, const char *name, struct err *e)
{
	struct tar_entry t;
	int rc;

	while ((rc = tar_next(tar, &t, e)) > 0) {
		if (a->count == SMALLAR_ENTRIES_MAX)
			return err_set(e, ERR_LIMIT, "'%s' has more than %d entries",
				name, SMALLAR_ENTRIES_MAX);
		if (entry_name(a, &t, name, e) < 0 || entry_text(a, tar, &t, name, e) < 0)
			return -1;
		a->count++;
	}
	return rc < 0 ? err_wrap(e, "'%s'", name) : 0;
}

int smallar_read(int fd, const char *name, struct smallar *out, struct err *e)
{
	auto_smallar struct smallar a = { 0 };
	auto_meter struct meter meter = { 0 };
	auto_xz struct xz_reader *xz = NULL;
	auto_tar struct tar *tar = NULL;
	struct reader in = reader_of_fd(&fd), plain;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, "cannot read '%s'", name);
	if (xz_open(&in, 1, &xz, e) < 0)
		return err_wrap(e, "'%s'", name);
	meter_begin(&meter, xz_as_reader(xz), name, SMALLAR_BYTES_MAX + FRAME_MAX);
	plain = meter_as_reader(&meter);
	if (tar_open(&plain, &tar, e) < 0 || read_entries(&a, tar, name, e) < 0)
		return -1;

	*out = a;
	a = (struct smallar){ 0 };
	return 0;
}

void smallar_release(struct smallar *a)
{
	arena_release(&a->arena);
}

const struct smallar_file *smallar_find(const struct smallar *a, const char *name)
{
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->file[i].name, name) == 0)
			return &a->file[i];
	return NULL;
}
