#include "builder/commands.h"
#include "builder/load.h"

#include "lib/model/image.h"

#include <time.h>

static int validate(const char *path, struct out *o, struct err *e)
{
	auto_loaded struct loaded l = { 0 };

	if (load_open_any(path, &l, e) < 0)
		return -1;
	load_lint(&l, path, (int64_t)time(NULL));
	recipe_finish(&l.recipe, arch_of_this_machine(), &l.recipe_complaints);
	if (load_judge(&l, o, e) < 0)
		return -1;
	out_note(o, "%s: ok", path);
	return 0;
}

/* The next recipe is looked at all the same. */
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
