/* rights.h -- what each program may do, side by side on one page; lint and tests read it.
 * Source  design section 1 */
#ifndef LIB_MODEL_RIGHTS_H
#define LIB_MODEL_RIGHTS_H

#include <stdbool.h>
#include <stddef.h>

struct rights {
	const char *program;
	const char *folder;
	const char *needed; /* NEEDED entries besides libc, by library stem, blank
			       separated */
	const char *execs;  /* programs it may execute, blank separated */
	bool may_be_root;
	bool network; /* opens sockets to others */
	bool secret_key;
};

extern const struct rights rights_table[];
extern const size_t rights_count;

#endif
