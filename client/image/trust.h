/* trust.h -- which keys a remote may speak with, and whether what it says is fresh.
 * In      the remote's state directory; documents as they came from the network
 * Out     a verified current and catalog; the state directory moves on with each step
 * Rules   SEC-1 to SEC-11, SEC-17: the clock is read once (now' = max(system time,
 *         newest created seen)); root.N+1 counts when N and N+1 both signed it; floors
 *         never sink unless a root took a publish or timestamp key away
 * Errors  ERR_UNTRUSTED in words a user can act on
 * Owns    the root document; borrows state_fd */
#ifndef CLIENT_IMAGE_TRUST_H
#define CLIENT_IMAGE_TRUST_H

#include "client/image/floors.h"
#include "lib/model/catdoc.h"

#define TRUST_CHAIN_MAX 1024

struct trust {
	const char *remote; /* borrowed, for sentences */
	int state_fd;
	int64_t clock_s; /* the system's time, read once */
	int64_t now_s;   /* now' */
	struct floors floors;
	struct trust_root root;
};

void trust_release(struct trust *t) nonnull;
#define auto_trust with_cleanup(trust_release)

/* Stands on what is remembered. ERR_NOTFOUND when nothing is. */
int trust_load(int state_fd, const char *remote, int64_t clock_s, struct trust *out,
	struct err *e) must_check nonnull;

/* Stands on a first root, and remembers it: an envelope that the user vouches for, or,
 * with a fingerprint, one that this key of its root role signed. */
int trust_pin(int state_fd, const char *remote, int64_t clock_s, struct bytes envelope,
	const char *fingerprint, struct trust *out, struct err *e) must_check
	nonnull_args(2, 6, 7);

/* One step from root N to N+1, remembered. */
int trust_step(struct trust *t, struct bytes envelope, struct err *e) must_check nonnull;

/* After the last step: has the root expired? */
int trust_check_root(const struct trust *t, struct err *e) must_check nonnull;

/* Verifies meta/2/current and raises the floors. */
int trust_current(struct trust *t, struct bytes envelope, struct current *out,
	struct err *e) must_check nonnull;

/* Is it signed, however old: what a mirror shows; the floors stay. */
int trust_look(const struct trust *t, struct bytes envelope, struct current *out,
	struct err *e) must_check nonnull;

/* Verifies the catalog that current names. */
int trust_catalog(const struct trust *t, const struct current *c, struct bytes text,
	struct catdoc *out, struct err *e) must_check nonnull;

/* Size and digest of a document held in memory. */
int trust_object_check(const char *what, const struct digest *sha256, uint64_t size,
	struct bytes text, struct err *e) must_check nonnull;

#endif
