/* rights.c -- prints the table of rights for the lint: "program|needed|execs|root|network|key". */
#include "lib/model/rights.h"

#include <stdio.h>

int main(void)
{
	for (size_t i = 0; i < rights_count; i++) {
		const struct rights *r = &rights_table[i];

		printf("%s|%s|%s|%d|%d|%d|%s\n", r->program, r->needed, r->execs,
			r->may_be_root, r->network, r->secret_key, r->folder);
	}
	return 0;
}
