/* sqlitefile.h -- the rows of one table of an SQLite file, read from its bytes.
 * Why     the builder reads databases that strangers' programs wrote, as root: a few
 *         hundred lines that only walk pages are less to trust than an SQL engine
 * Rules   pages are visited at most once each; a journal or WAL that was not merged is the
 *         caller's to refuse
 * Bounds  a row 64 MiB
 * Errors  ERR_PARSE
 * Source  https://www.sqlite.org/fileformat2.html */
#ifndef BUILDER_SQLITEFILE_H
#define BUILDER_SQLITEFILE_H

#include "lib/base/buf.h"

/* Calls row with each record of the table; a value below 0 ends it. */
typedef int sqlitefile_row(void *ctx, struct bytes record, struct err *e);

int sqlitefile_read(struct bytes file, const char *table, sqlitefile_row *row, void *ctx,
	struct err *e) must_check nonnull_args(2, 3, 5);

/* Column n of a record, when it is a text or a blob; false otherwise. */
bool sqlitefile_column(
	struct bytes record, unsigned int n, struct bytes *out) must_check nonnull;

/* The same for an integer. */
bool sqlitefile_number(
	struct bytes record, unsigned int n, int64_t *out) must_check nonnull;

#endif
