#include "builder/night.h"

size_t night_count(const struct night *n, enum night_state state)
{
	size_t count = 0;

	for (size_t i = 0; i < n->count; i++)
		count += n->entry[i].state == state;
	return count;
}

bool night_may_retry(const struct night_result *r, int64_t tries_max)
{
	if (strcmp(r->outcome, "failed") != 0 || r->tries >= tries_max)
		return false;
	if (strcmp(r->class, "test") == 0)
		return r->tries < 2;
	/* What is refused or not there will not be another minute later. */
	return strcmp(r->class, "upstream") == 0 && r->code != ERR_UNTRUSTED &&
	       r->code != ERR_NOTFOUND;
}
