/* err.h -- one error value: a code and a chain of sentences on one line.
 * Shape   lower case, verb first, subject quoted, no full stop, outermost first:
 *         cannot publish 'debian/13': cannot open 'rootfs.tar.xz': Input/output error
 * Rules   lives on the caller's stack, never NULL, never global, allocates nothing;
 *         untouched on success; the functions that fill it return -1; control
 *         bytes, DEL, C1, invalid UTF-8 and bidi controls are written as \xNN */
#ifndef LIB_BASE_ERR_H
#define LIB_BASE_ERR_H

#include "lib/base/auto.h"

#include <stdarg.h>

enum err_code {
	ERR_FAILED = 1, /* anything without a kind of its own */
	ERR_SYS,        /* a system call failed */
	ERR_USAGE,      /* the command line or a setting is wrong */
	ERR_PARSE,      /* a document is not what it should be */
	ERR_CONFLICT,   /* it exists already with another content */
	ERR_UNTRUSTED,  /* signature, digest, freshness or rollback check failed */
	ERR_NETWORK,    /* the other side did not deliver */
	ERR_LIMIT,      /* larger or more than allowed */
	ERR_NOSPACE,    /* disk or quota full */
	ERR_BUSY,       /* somebody else holds the lock */
	ERR_DAMAGED,    /* our own stored data is not what was stored */
	ERR_NOTFOUND,   /* no such image, file or name */
	ERR_AGAIN,      /* may work later */
	ERR_RECIPE,     /* builder: the recipe is at fault */
	ERR_UPSTREAM,   /* builder: the distribution's servers or packages are at fault */
	ERR_TEST,       /* builder: the image was built and did not pass its test */
	ERR_INTERRUPTED, /* a signal asked us to stop */
};

#define ERR_TEXT_MAX 2048

struct err {
	enum err_code code;
	int sys; /* errno when the cause was a system call, else 0 */
	char text[ERR_TEXT_MAX];
};

/* Sets the cause. */
int err_set(struct err *e, enum err_code code, const char *fmt, ...) nonnull
	printf_like(3, 4);
int err_vset(struct err *e, enum err_code code, const char *fmt, va_list ap) nonnull
	printf_like(3, 0);

/* Sets the cause from errno and appends its text; ENOSPC and EDQUOT become ERR_NOSPACE,
 * ENOENT ERR_NOTFOUND, EINTR ERR_INTERRUPTED, all others ERR_SYS. */
int err_sys(struct err *e, const char *fmt, ...) nonnull printf_like(2, 3);

/* Prepends "what: " and keeps the code. */
int err_wrap(struct err *e, const char *fmt, ...) nonnull printf_like(2, 3);

/* That they return -1 is said where compilers and analyzers see it: what follows a failed
 * call is not reached with outputs that were never set. */
static inline int err_failed(int failed)
{
	(void)failed;
	return -1;
}
#define err_set(...)  err_failed(err_set(__VA_ARGS__))
#define err_vset(...) err_failed(err_vset(__VA_ARGS__))
#define err_sys(...)  err_failed(err_sys(__VA_ARGS__))
#define err_wrap(...) err_failed(err_wrap(__VA_ARGS__))

/* The exit status of design section 8 for this error: 1 2 3 4 5 6 7 8 10 11 12 75 130. */
int err_exit_status(const struct err *e) nonnull;

/* A short stable word for the code ("untrusted", "nospace") for --json and logs. */
const char *err_code_name(enum err_code code);

/* Ends the program with one line: for allocation failure and broken promises of our own.
 */
__attribute__((noreturn)) void err_abort(const char *what);

/* malloc family that aborts instead of failing; sizes from outside never reach it
 * unchecked. */
void *xmalloc(size_t size) must_check __attribute__((malloc));
void *xcalloc(size_t count, size_t size) must_check;
void *xrealloc(void *p, size_t size) must_check;
char *xstrdup(const char *s) must_check nonnull;
char *xasprintf(const char *fmt, ...) must_check printf_like(1, 2);

#endif
