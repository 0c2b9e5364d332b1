#include "lib/base/devnodes.h"

#include "lib/base/auto.h"

const struct devnode devnodes[] = {
	{ "null", 1, 3 },
	{ "zero", 1, 5 },
	{ "full", 1, 7 },
	{ "random", 1, 8 },
	{ "urandom", 1, 9 },
	{ "tty", 5, 0 },
};
const size_t devnode_count = ARRAY_COUNT(devnodes);

const struct devlink devlinks[] = {
	{ "fd", "/proc/self/fd" },
	{ "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" },
	{ "ptmx", "pts/ptmx" },
};
const size_t devlink_count = ARRAY_COUNT(devlinks);
