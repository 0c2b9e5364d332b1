/* secrets.h -- files that are read again while the server serves: certificate, key, the
 * authorities of clients, tokens; and the log, which is opened again.
 * Rules   all through the keeper, from the first time on; what cannot be used leaves the
 *         old in place
 * Owns    the keeper and what was read; texts are wiped once they were parsed
 * Source  SEC-78, SEC-79 */
#ifndef HTTPD_SECRETS_H
#define HTTPD_SECRETS_H

#include "httpd/keeper.h"
#include "httpd/options.h"
#include "httpd/tls.h"
#include "httpd/tokens.h"

#include <sys/stat.h>

enum secret {
	SECRET_CERT,
	SECRET_KEY,
	SECRET_CLIENT_CA,
	SECRET_TOKENS,
	SECRET_LOG,
	SECRET_COUNT,
};

struct secrets {
	struct keeper *keeper; /* NULL: no file was named */
	const char *path[SECRET_COUNT];
	struct stat seen[SECRET_COUNT];
	struct tls *tls;       /* NULL: no certificate was named */
	struct tokens *tokens; /* NULL: everybody may read */
};

/* Before any thread exists and before anything else is open. */
int secrets_open(
	struct secrets *s, const struct options *o, struct err *e) must_check nonnull;
void secrets_close(struct secrets *s) nonnull;

/* Reads everything again. */
int secrets_reload(struct secrets *s, struct err *e) must_check nonnull;

/* Is any of them another file than the one that was read? */
bool secrets_changed(const struct secrets *s) nonnull;

/* A fresh descriptor of the log; -1 with the reason. */
int secrets_open_log(const struct secrets *s, struct err *e) must_check nonnull;

#endif
