#include "builder/commands.h"
#include "builder/tested.h"

#include "lib/base/fs.h"
#include "lib/base/jsonw.h"

#define AT(member) offsetof(struct test_values, member)

const struct test_values test_defaults = { .timeout_s = TEST_TIMEOUT_S };

const struct opt test_opts[] = {
	TEST_OPTS(AT(user), AT(timeout_s)),
	{ .name = NULL },
};

static void report(const struct call *c, const struct tested *t, const struct err *why)
{
	auto_buf struct buf line = BUF_INIT(8192);
	struct jsonw w = jsonw_to(&line);

	if (!c->out->json) {
		if (!why)
			out_result(c->out, "%s: passed (%s)\n", c->argv[0], t->kind);
		return;
	}
	jsonw_object(&w);
	jsonw_kstr(&w, "build", c->argv[0]);
	jsonw_kstr(&w, "result", t->result);
	jsonw_kstr(&w, "kind", t->kind);
	jsonw_kstr(&w, "message", why ? why->text : "");
	jsonw_end_object(&w);
	out_result(c->out, "%s\n", buf_str(&line));
}

int cmd_test(struct call *c, struct err *e)
{
	const struct test_values *v = c->values;
	struct tested t = { .user = v->user, .timeout_s = v->timeout_s };
	auto_fd int dir = fs_open_dir(c->argv[0], e);
	int rc = dir < 0 ? -1 : tested_run(&t, dir, e);

	if (rc == 0 || (dir >= 0 && e->code == ERR_TEST))
		report(c, &t, rc < 0 ? e : NULL);
	return rc < 0 ? err_wrap(e, "'%s'", c->argv[0]) : 0;
}
