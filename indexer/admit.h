/* admit.h -- one build from incoming/ becomes one in public/ and the catalog (P1 to P3).
 * Rules   believes nothing that the directory says; visible by one rename, or not at all
 * Errors  ERR_UNTRUSTED size or digest differs; ERR_CONFLICT the serial holds other
 * bytes; ERR_NOSPACE with both numbers; ERR_FAILED the build had failed */
#ifndef INDEXER_ADMIT_H
#define INDEXER_ADMIT_H

#include "indexer/notary.h"

enum admit_result {
	ADMIT_DONE,  /* new */
	ADMIT_KNOWN, /* the same build is there already */
	ADMIT_HELD,  /* new, and not published until somebody says so: message says why */
	ADMIT_RELEASED, /* was held, and is no more: forced */
	ADMIT_FAILED,   /* a failed build: recorded as an event */
};

struct admitted {
	enum admit_result result;
	char name[IMAGE_NAME_MAX];
	char serial[SERIAL_MAX];
	uint64_t size;     /* of all files */
	uint64_t linked;   /* of those that were linked */
	char message[300]; /* why it had failed, or is held */
	bool is_new_event;
};

/* dir: an ordinary path that ends in distro/release/arch/variant/serial. The notary is
 * opened at the first build that needs it. */
struct notary_slot {
	struct notary notary;
	bool is_open;
};
enum admit_flags {
	ADMIT_FORCE = 1, /* hold nothing back, release what was held */
};
int admit_build(struct yard *y, struct notary_slot *slot, const char *dir,
	unsigned int flags, struct admitted *out, struct err *e) must_check nonnull;

#endif
