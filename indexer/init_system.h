/* init_system.h -- what makes a machine do it every night: systemd units, timers, a cron
 * file, for the operator to look at and install.
 * Shape   the chain is nightly (root: builds), publish (the tree's user: add, publish,
 *         prune), refresh (the same, every twelve hours), httpd (www-data)
 * Rules   paths and user are written in as they are, so they must need no quoting
 * Owns    nothing
 * Source  systemd.unit(5), systemd.timer(5), crontab(5) */
#ifndef INDEXER_INIT_SYSTEM_H
#define INDEXER_INIT_SYSTEM_H

#include "indexer/site.h"

#define INIT_SYSTEM "system"

/* Writes DIR/system/. 1 written, 0 left out because a name needs quoting, -1. */
int init_system(int yard_fd, const char *yard_path, const struct site *site,
	struct err *e) must_check nonnull;

#endif
