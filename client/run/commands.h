/* commands.h -- one function a verb; the table stands in main.c. */
#ifndef CLIENT_RUN_COMMANDS_H
#define CLIENT_RUN_COMMANDS_H

#include "lib/base/opt.h"

struct run_options {
	bool rm;
	const char *name, *hostname, *workdir, *net;
	struct opt_list env;
};

struct ps_options {
	bool all;
};

int cmd_run(struct call *c, struct err *e);
int cmd_ps(struct call *c, struct err *e);
int cmd_rm(struct call *c, struct err *e);
int cmd_doctor(struct call *c, struct err *e);

/* Everything about images is another program's: executes it with the same arguments. */
int cmd_image(struct call *c, struct err *e);

#endif
