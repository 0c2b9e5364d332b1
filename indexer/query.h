/* query.h -- one prepared statement at a time, with its values bound and its columns
 * read.
 * Rules   only the catalog_*.c files use it; catalog.c implements it and alone knows
 *         SQLite
 * Shape   `types` has one letter a value: t text, i int64_t, d const struct digest *
 *         (NULL binds NULL), b struct bytes by pointer
 * Errors  ERR_DAMAGED for a corrupt database, ERR_NOSPACE, ERR_BUSY, else ERR_SYS
 * Owns    the statement, until query_end; text columns until the next query_next */
#ifndef INDEXER_QUERY_H
#define INDEXER_QUERY_H

#include "lib/adapt/digest.h"

struct catalog;

struct query {
	struct catalog *catalog;
	void *statement;
};

int query_begin(struct query *q, struct catalog *c, struct err *e, const char *sql,
	const char *types, ...) must_check nonnull_args(1, 2, 3, 4);

/* 1 a row, 0 no more, -1. */
int query_next(struct query *q, struct err *e) must_check nonnull;
void query_end(struct query *q) nonnull;
#define auto_query with_cleanup(query_end)

int64_t query_int(struct query *q, int column) nonnull;
const char *query_text(struct query *q, int column) nonnull;
struct bytes query_blob(struct query *q, int column) nonnull;

/* A digest column; zero when NULL. */
struct digest query_digest(struct query *q, int column) nonnull;

/* A text column into a fixed place; ERR_DAMAGED when it does not fit. */
int query_copy(struct query *q, int column, char *out, size_t out_size,
	struct err *e) must_check nonnull;

/* A statement without rows. */
int query_run(struct catalog *c, struct err *e, const char *sql, const char *types,
	...) must_check nonnull_args(1, 2, 3, 4);

/* The first column of the first row as an integer: 1 found, 0 no row, -1. */
int query_one_int(struct catalog *c, int64_t *out, struct err *e, const char *sql,
	const char *types, ...) must_check nonnull_args(1, 2, 3, 4);

int64_t query_last_id(struct catalog *c) nonnull;

#endif
