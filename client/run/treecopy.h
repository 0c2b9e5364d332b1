/* treecopy.h -- a copy of a tree of files, as the container's ids and attributes have it.
 * Rules   works by descriptors and follows no link; owners, modes, times, extended
 *         attributes, hard links and overlay whiteouts come along; sockets and other
 *         devices do not. The caller stands in the holder namespace
 * Errors  each names the path; what was copied is the caller's to remove
 * Source  Documentation/filesystems/overlayfs.rst */
#ifndef CLIENT_RUN_TREECOPY_H
#define CLIENT_RUN_TREECOPY_H

#include "lib/base/err.h"

enum treecopy_how {
	TREECOPY_ALL, /* as the rules say */
	TREECOPY_PLAIN, /* what a person copies: content, permissions and times; the owner is
			   who copies, and nothing comes along that gives rights */
};

/* The tree `from` of from_dir becomes `to` of to_dir, which must not exist. */
int treecopy(int from_dir, const char *from, int to_dir, const char *to,
	enum treecopy_how how, struct err *e) must_check nonnull;

#endif
