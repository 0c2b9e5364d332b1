/* commands.h -- one file a verb; main.c lists them. */
#ifndef CLIENT_RUN_COMMANDS_H
#define CLIENT_RUN_COMMANDS_H

#include "lib/base/opt.h"

extern const struct command cmd_run;
extern const struct command cmd_create;
extern const struct command cmd_start;
extern const struct command cmd_stop;
extern const struct command cmd_restart;
extern const struct command cmd_exec;
extern const struct command cmd_shell;
extern const struct command cmd_console;
extern const struct command cmd_attach;
extern const struct command cmd_logs;
extern const struct command cmd_wait;
extern const struct command cmd_inspect;
extern const struct command cmd_freeze;
extern const struct command cmd_thaw;
extern const struct command cmd_rename;
extern const struct command cmd_copy;
extern const struct command cmd_cp;
extern const struct command cmd_snapshot;
extern const struct command cmd_upgrade;
extern const struct command cmd_autostart;
extern const struct command cmd_stats;
extern const struct command cmd_top;
extern const struct command cmd_lxc_config;
extern const struct command cmd_ps;
extern const struct command cmd_rm;
extern const struct command cmd_doctor;

/* Everything about images is another program's: executes it with the same arguments. */
int image_run(struct call *c, struct err *e);

#endif
