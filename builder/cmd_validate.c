#include "builder/commands.h"
#include "builder/load.h"

#include "lib/model/image.h"

/* Only errors of the file itself are said; the next recipe is looked at all the same. */
static int validate(const char *dir, struct out *o, struct err *e)
{
	auto_loaded struct loaded l = { 0 };

	if (load_open(dir, &l, e) < 0)
		return -1;
	recipe_finish(&l.recipe, arch_of_this_machine(), &l.recipe_complaints);
	if (load_judge(&l, o, e) < 0)
		return -1;
	out_note(o, "%s: ok", dir);
	return 0;
}

int cmd_validate(struct call *c, struct err *e)
{
	struct err first = { .code = 0 };

	for (int i = 0; i < c->argc; i++) {
		if (validate(c->argv[i], c->out, e) == 0)
			continue;
		if (first.code)
			out_error(c->out, e);
		else
			first = *e;
	}
	if (!first.code)
		return 0;
	*e = first;
	return -1;
}
