#include "indexer/catalog.h"

#include "indexer/query.h"
#include "lib/base/fs.h"
#include "schema.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define BUSY_WAIT_MS 30000

/* Statements are prepared once: what walks a million rows asks the same few questions for
 * each of them. */
#define KEPT_MAX 64

struct kept {
	const char *sql; /* a constant of the program: known by its address */
	sqlite3_stmt *statement;
	bool is_used;
};

struct catalog {
	sqlite3 *db;
	bool inside; /* between catalog_begin and its end */
	struct kept kept[KEPT_MAX];
	size_t kept_count;
};

static enum err_code code_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_CONSTRAINT:
		return ERR_DAMAGED;
	case SQLITE_FULL:
		return ERR_NOSPACE;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_BUSY;
	default:
		return ERR_SYS;
	}
}

static int fail(struct catalog *c, const char *doing, struct err *e)
{
	int rc = sqlite3_extended_errcode(c->db);
	int sys = sqlite3_system_errno(c->db);

	if ((rc & 0xff) == SQLITE_IOERR && (sys == ENOSPC || sys == EDQUOT)) {
		errno = sys;
		return err_sys(e, "cannot %s 'catalog.db'", doing);
	}
	return err_set(e, code_of(rc), "cannot %s 'catalog.db': %s", doing,
		sqlite3_errmsg(c->db));
}

static int exec(struct catalog *c, const char *sql, const char *doing, struct err *e)
{
	if (sqlite3_exec(c->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return fail(c, doing, e);
	return 0;
}

static int user_version(struct catalog *c, int64_t *out, struct err *e)
{
	return query_one_int(c, out, e, "PRAGMA user_version", "") < 0 ? -1 : 0;
}

/* Never guesses what a newer program has written. */
static int read_version(struct catalog *c, int64_t *out, struct err *e)
{
	if (user_version(c, out, e) < 0)
		return -1;
	if (*out <= (int64_t)schema_step_count)
		return 0;
	return err_set(e, ERR_CONFLICT,
		"cannot use 'catalog.db': it was written by a newer rootyard-index "
		"(schema %lld, this one knows %zu)",
		(long long)*out, schema_step_count);
}

/* Who only reads does not bring it up to date: that is for the holder of the lock. */
static int check_version(struct catalog *c, struct err *e)
{
	int64_t at = 0;

	if (read_version(c, &at, e) < 0)
		return -1;
	if (at == (int64_t)schema_step_count)
		return 0;
	return err_set(e, ERR_CONFLICT,
		"cannot read 'catalog.db': it was written by an older rootyard-index "
		"(schema %lld, this one knows %zu); run 'rootyard-index publish', which "
		"brings it up to date",
		(long long)at, schema_step_count);
}

/* Each step runs in its own transaction, so that a stop in between is continued. */
static int migrate(struct catalog *c, struct err *e)
{
	int64_t at = 0;

	if (read_version(c, &at, e) < 0)
		return -1;
	for (size_t i = (size_t)at; i < schema_step_count; i++) {
		char done[64];

		snprintf(done, sizeof(done), "PRAGMA user_version = %zu", i + 1);
		if (catalog_begin(c, e) < 0)
			return -1;
		if (exec(c, schema_steps[i], "migrate", e) < 0 ||
			exec(c, done, "migrate", e) < 0) {
			catalog_rollback(c);
			return -1;
		}
		if (catalog_commit(c, e) < 0)
			return -1;
	}
	return 0;
}

static int configure(struct catalog *c, unsigned int flags, struct err *e)
{
	sqlite3_extended_result_codes(c->db, 1);
	sqlite3_busy_timeout(c->db, BUSY_WAIT_MS);
	sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(c->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(c->db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);

	if (exec(c, "PRAGMA cell_size_check = ON; PRAGMA synchronous = FULL", "open", e) <
		0)
		return -1;
	if (flags & CATALOG_READ)
		return exec(c, "PRAGMA query_only = ON", "open", e) < 0
			       ? -1
			       : check_version(c, e);
	if (exec(c, "PRAGMA journal_mode = WAL", "open", e) < 0)
		return -1;
	return migrate(c, e);
}

/* On a disk that takes no writes SQLite cannot make the shared memory of its journal;
 * while that is empty, the file alone is the catalog. */
static bool is_frozen(const char *path)
{
	auto_free char *journal = xasprintf("%s-wal", path);
	struct statvfs fs;
	struct stat st;

	return statvfs(path, &fs) == 0 && fs.f_flag & ST_RDONLY &&
	       (stat(journal, &st) < 0 || st.st_size == 0);
}

static char *frozen_uri(const char *path)
{
	static const char hex[] = "0123456789abcdef", option[] = "?immutable=1";
	char *uri = xmalloc(sizeof("file:") + 3 * strlen(path) + sizeof(option));
	char *out = stpcpy(uri, "file:");

	for (const unsigned char *p = (const unsigned char *)path; *p; p++) {
		if (strchr("%?#", *p)) {
			*out++ = '%';
			*out++ = hex[*p >> 4];
			*out++ = hex[*p & 15];
		} else {
			*out++ = (char)*p;
		}
	}
	memcpy(out, option, sizeof(option));
	return uri;
}

int catalog_open(
	const char *path, unsigned int flags, struct catalog **out, struct err *e)
{
	int how = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW |
		  (flags & CATALOG_CREATE ? SQLITE_OPEN_CREATE : 0);
	struct catalog *c = xcalloc(1, sizeof(*c));
	auto_free char *uri = NULL;

	if (flags & CATALOG_READ && is_frozen(path)) {
		uri = frozen_uri(path);
		how = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_URI;
	}
	if (sqlite3_open_v2(uri ? uri : path, &c->db, how, NULL) != SQLITE_OK) {
		fail(c, "open", e);
		catalog_close(&c);
		return -1;
	}
	if (configure(c, flags, e) < 0) {
		catalog_close(&c);
		return -1;
	}
	*out = c;
	return 0;
}

void catalog_close(struct catalog **c)
{
	if (!*c)
		return;
	for (size_t i = 0; i < (*c)->kept_count; i++)
		sqlite3_finalize((*c)->kept[i].statement);
	sqlite3_close((*c)->db);
	free(*c);
	*c = NULL;
}

int catalog_seal(struct catalog *c, struct err *e)
{
	return exec(c, "PRAGMA journal_mode = DELETE", "close", e);
}

int catalog_copy(struct catalog *c, const char *path, struct err *e)
{
	return query_run(c, e, "VACUUM INTO ?1", "t", path);
}

int catalog_begin(struct catalog *c, struct err *e)
{
	if (exec(c, "BEGIN IMMEDIATE", "begin to write", e) < 0)
		return -1;
	c->inside = true;
	return 0;
}

int catalog_commit(struct catalog *c, struct err *e)
{
	if (exec(c, "COMMIT", "write", e) < 0) {
		catalog_rollback(c);
		return -1;
	}
	c->inside = false;
	return 0;
}

void catalog_rollback(struct catalog *c)
{
	if (c->inside)
		sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
	c->inside = false;
}

static int bind(sqlite3_stmt *s, int at, char type, va_list *ap)
{
	const struct digest *d;
	const struct bytes *b;
	const char *text;

	switch (type) {
	case 't':
		text = va_arg(*ap, const char *);
		return sqlite3_bind_text(s, at, text, -1, SQLITE_TRANSIENT);
	case 'i':
		return sqlite3_bind_int64(s, at, va_arg(*ap, int64_t));
	case 'd':
		d = va_arg(*ap, const struct digest *);
		return d ? sqlite3_bind_blob(
				   s, at, d->byte, DIGEST_SIZE, SQLITE_TRANSIENT)
			 : sqlite3_bind_null(s, at);
	case 'b':
		b = va_arg(*ap, const struct bytes *);
		return sqlite3_bind_blob64(s, at, b->len ? (const void *)b->data : "",
			b->len, SQLITE_TRANSIENT);
	default:
		err_abort("query: unknown type letter");
	}
}

static struct kept *find_kept(struct catalog *c, const char *sql)
{
	for (size_t i = 0; i < c->kept_count; i++)
		if (c->kept[i].sql == sql)
			return &c->kept[i];
	return NULL;
}

/* A statement that runs already, below itself, gets a second one for that time. */
static int prepare(struct catalog *c, const char *sql, sqlite3_stmt **out, struct err *e)
{
	struct kept *k = find_kept(c, sql);
	sqlite3_stmt *s = NULL;

	if (k && !k->is_used) {
		k->is_used = true;
		*out = k->statement;
		return 0;
	}
	if (sqlite3_prepare_v2(c->db, sql, -1, &s, NULL) != SQLITE_OK)
		return fail(c, "read", e);
	if (!k && c->kept_count < KEPT_MAX)
		c->kept[c->kept_count++] =
			(struct kept){ .sql = sql, .statement = s, .is_used = true };
	*out = s;
	return 0;
}

static void put_back(struct catalog *c, sqlite3_stmt *s)
{
	for (size_t i = 0; i < c->kept_count; i++)
		if (c->kept[i].statement == s) {
			sqlite3_reset(s);
			sqlite3_clear_bindings(s);
			c->kept[i].is_used = false;
			return;
		}
	sqlite3_finalize(s);
}

static int begin(struct query *q, struct catalog *c, const char *sql, const char *types,
	va_list *ap, struct err *e)
{
	sqlite3_stmt *s = NULL;

	if (prepare(c, sql, &s, e) < 0)
		return -1;
	for (int i = 0; types[i]; i++)
		if (bind(s, i + 1, types[i], ap) != SQLITE_OK) {
			fail(c, "read", e);
			put_back(c, s);
			return -1;
		}
	*q = (struct query){ .catalog = c, .statement = s };
	return 0;
}

int query_begin(struct query *q, struct catalog *c, struct err *e, const char *sql,
	const char *types, ...)
{
	va_list ap;
	int rc;

	va_start(ap, types);
	rc = begin(q, c, sql, types, &ap, e);
	va_end(ap);
	return rc;
}

int query_next(struct query *q, struct err *e)
{
	switch (sqlite3_step(q->statement)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		return 0;
	default:
		return fail(q->catalog, "read", e);
	}
}

void query_end(struct query *q)
{
	if (q->statement)
		put_back(q->catalog, q->statement);
	q->statement = NULL;
}

int64_t query_int(struct query *q, int column)
{
	return sqlite3_column_int64(q->statement, column);
}

const char *query_text(struct query *q, int column)
{
	const unsigned char *text = sqlite3_column_text(q->statement, column);

	return text ? (const char *)text : "";
}

struct bytes query_blob(struct query *q, int column)
{
	const void *data = sqlite3_column_blob(q->statement, column);

	return bytes_of(data, (size_t)sqlite3_column_bytes(q->statement, column));
}

struct digest query_digest(struct query *q, int column)
{
	struct bytes b = query_blob(q, column);
	struct digest d = { { 0 } };

	if (b.len == DIGEST_SIZE)
		memcpy(d.byte, b.data, DIGEST_SIZE);
	return d;
}

int query_copy(struct query *q, int column, char *out, size_t out_size, struct err *e)
{
	const char *text = query_text(q, column);
	size_t len = strlen(text);

	if (len >= out_size)
		return err_set(e, ERR_DAMAGED,
			"cannot use 'catalog.db': '%s' is too long", text);
	memcpy(out, text, len + 1);
	return 0;
}

static int run(struct query *q, struct err *e)
{
	int rc;

	do
		rc = query_next(q, e);
	while (rc > 0);
	return rc;
}

int query_run(struct catalog *c, struct err *e, const char *sql, const char *types, ...)
{
	auto_query struct query q = { 0 };
	va_list ap;
	int rc;

	va_start(ap, types);
	rc = begin(&q, c, sql, types, &ap, e);
	va_end(ap);
	if (rc < 0)
		return -1;
	return run(&q, e);
}

int query_one_int(struct catalog *c, int64_t *out, struct err *e, const char *sql,
	const char *types, ...)
{
	auto_query struct query q = { 0 };
	va_list ap;
	int rc;

	va_start(ap, types);
	rc = begin(&q, c, sql, types, &ap, e);
	va_end(ap);
	if (rc < 0)
		return -1;

	rc = query_next(&q, e);
	if (rc > 0)
		*out = query_int(&q, 0);
	return rc;
}

int64_t query_last_id(struct catalog *c)
{
	return sqlite3_last_insert_rowid(c->db);
}
