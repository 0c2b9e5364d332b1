/* cmd.h -- the commands of rootyard-image; usage texts say `rootyard`, which runs it.
 * Errors  as opt.h says of struct command */
#ifndef CLIENT_IMAGE_CMD_H
#define CLIENT_IMAGE_CMD_H

#include "lib/base/opt.h"

#define CMD_PROGRAM "rootyard"

extern const struct command cmd_df, cmd_export, cmd_import, cmd_info, cmd_list, cmd_prune,
	cmd_pull, cmd_mirror, cmd_remote, cmd_unpack, cmd_verify, cmd_verify_mirror;

#endif
