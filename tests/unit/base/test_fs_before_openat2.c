/* The same facts on a kernel before 5.6. */
#define BEFORE_OPENAT2
#include "tests/unit/base/test_fs.c"
