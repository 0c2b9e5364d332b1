/* clients.h -- who may be served, by the names that site.yaml uses.
 * Rules   without `clients` everybody is who needs no file of its own beside a build's */
#ifndef INDEXER_CLIENTS_H
#define INDEXER_CLIENTS_H

#include "lib/base/buf.h"

enum client {
	CLIENT_LXC = 1,       /* meta/1.0 */
	CLIENT_STREAMS = 2,   /* streams/v1 */
	CLIENT_OCI = 4,       /* v2, sigs */
	CLIENT_WSL = 8,       /* wsl */
	CLIENT_OCI_GZIP = 16, /* rootfs.tar.gz, a layer for those who know no zstd */
	CLIENT_APLINFO = 32,  /* aplinfo.dat and DISTRO-VERSION-ARCH-VARIANT.tar.gz */
	CLIENT_API = 64,      /* api/v1 */
	CLIENT_FEED = 128,    /* feed.atom */
	CLIENT_PAGES = 256, /* index.html: these three are for people, and always made */
};

#define CLIENTS_ALWAYS (CLIENT_API | CLIENT_FEED | CLIENT_PAGES)
#define CLIENTS_DEFAULT                                                                  \
	(CLIENTS_ALWAYS | CLIENT_LXC | CLIENT_STREAMS | CLIENT_OCI | CLIENT_WSL)

/* The client of this name that can be chosen, or 0. */
unsigned int client_find(const char *name) nonnull;
const char *client_name(enum client client);

/* "lxc, simplestreams, ..." */
void clients_list(struct buf *out) nonnull;

#endif
