/* download.h -- fetch something by an ordinary user's process; this one parses nothing.
 * Errors  ERR_NOTFOUND, ERR_NETWORK, ERR_LIMIT as rootyard-fetch says */
#ifndef BUILDER_DOWNLOAD_H
#define BUILDER_DOWNLOAD_H

#include "lib/base/err.h"

/* Into out_fd (at its beginning), at most max_bytes. log_fd hears what it complains of.
 */
int download(const char *url, int out_fd, int64_t max_bytes, int log_fd,
	struct err *e) must_check nonnull;

#endif
