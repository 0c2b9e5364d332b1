/* smallar.h -- a small metadata archive, whole in memory.
 * Rules   SEC-42: .tar.xz, at most 1 MiB unpacked and 64 entries, regular files (and
 *         directories where the caller allows them), names without "./", no name twice
 * Errors  ERR_PARSE, ERR_LIMIT; each sentence names archive and entry
 * Owns    the archive's arena owns names and contents */
#ifndef INDEXER_SMALLAR_H
#define INDEXER_SMALLAR_H

#include "lib/base/arena.h"
#include "lib/base/bytes.h"
#include "lib/base/err.h"

#define SMALLAR_BYTES_MAX   (1U << 20)
#define SMALLAR_ENTRIES_MAX 64

struct smallar_file {
	const char *name; /* as in the archive; a directory's without its last slash */
	bool is_dir;
	struct bytes text;
};

struct smallar {
	struct arena arena;
	struct smallar_file file[SMALLAR_ENTRIES_MAX];
	size_t count;
};

int smallar_read(
	int fd, const char *name, struct smallar *out, struct err *e) must_check nonnull;
void smallar_release(struct smallar *a) nonnull;
#define auto_smallar with_cleanup(smallar_release)

const struct smallar_file *smallar_find(
	const struct smallar *a, const char *name) nonnull;

#endif
