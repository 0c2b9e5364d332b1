#include "lib/adapt/sufsort.h"

#include <divsufsort.h>

int sufsort(struct bytes in, int32_t **order, struct err *e)
{
	auto_free int32_t *a = NULL;

	if (in.len > SUFSORT_MAX)
		return err_set(e, ERR_LIMIT, "cannot sort %zu bytes: at most %u", in.len,
			SUFSORT_MAX);
	if (in.len > 0) {
		a = xmalloc(in.len * sizeof(*a));
		if (divsufsort(in.data, a, (int32_t)in.len) != 0)
			err_abort("out of memory");
	}
	*order = STEAL(a);
	return 0;
}
