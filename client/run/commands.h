/* commands.h -- one file a verb; main.c lists them. */
#ifndef CLIENT_RUN_COMMANDS_H
#define CLIENT_RUN_COMMANDS_H

#include "lib/base/opt.h"

extern const struct command cmd_run;
extern const struct command cmd_ps;
extern const struct command cmd_rm;
extern const struct command cmd_doctor;

/* Everything about images is another program's: executes it with the same arguments. */
int image_run(struct call *c, struct err *e);

#endif
