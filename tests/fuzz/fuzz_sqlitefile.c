/* An SQLite file: rows are handed out within its bytes, and it ends. */
#include "builder/sqlitefile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int row(void *ctx, struct bytes record, struct err *e)
{
	uint64_t *sum = ctx;

	(void)e;
	for (unsigned int n = 0; n < 8; n++) {
		struct bytes column;
		int64_t number;

		if (sqlitefile_column(record, n, &column))
			for (size_t i = 0; i < column.len; i++)
				*sum += column.data[i];
		if (sqlitefile_number(record, n, &number))
			*sum += (uint64_t)number;
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t sum = 0;
	struct err e;

	if (sqlitefile_read(bytes_of(data, size), "Packages", row, &sum, &e) < 0 &&
		e.code != ERR_PARSE && e.code != ERR_LIMIT)
		err_abort("a failure of another kind");
	return 0;
}
