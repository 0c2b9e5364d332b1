#include "builder/commands.h"
#include "builder/matrix.h"

#define PLAN_MAX   (64U << 20)
#define AT(member) offsetof(struct plan_values, member)

const struct plan_values plan_defaults = { .format = "table" };

const struct opt plan_opts[] = {
	{ .name = "format",
		.kind = OPT_STRING,
		.offset = AT(format),
		.arg = "FORM",
		.help = "table (default), github, gitlab or slurm" },
	{ .name = NULL },
};

int cmd_plan(struct call *c, struct err *e)
{
	const struct plan_values *v = c->values;
	auto_matrix struct matrix m;
	auto_buf struct buf text = BUF_INIT(PLAN_MAX);

	matrix_init(&m);
	if (matrix_check_format(v->format, e) < 0)
		return -1;
	for (int i = 0; i < c->argc; i++)
		if (matrix_add(&m, c->argv[i], c->out, e) < 0)
			return -1;
	matrix_format(&m, v->format, c->out->json, &text);
	if (buf_check(&text, "the plan", e) < 0)
		return -1;
	out_result(c->out, "%s", buf_str(&text));
	return 0;
}
