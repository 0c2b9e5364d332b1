/* devnodes.h -- what /dev of a container has, whoever makes it.
 * Source  the OCI runtime specification, "Default Devices" and "Dev symbolic links" */
#ifndef LIB_BASE_DEVNODES_H
#define LIB_BASE_DEVNODES_H

#include <stddef.h>

struct devnode {
	const char *name;
	unsigned int major, minor; /* of a character device of mode 0666 */
};

struct devlink {
	const char *name, *target;
};

extern const struct devnode devnodes[];
extern const size_t devnode_count;
extern const struct devlink devlinks[];
extern const size_t devlink_count;

#endif
