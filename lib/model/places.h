/* places.h -- the client's places, so that the static front and rootyard-image agree.
 * Shape   absolute paths made from XDG_* and HOME
 *           data   $XDG_DATA_HOME/rootyard images/<id>/{rootfs/,rootfs.man,meta/,start}
 *                                                 refs/<remote>/<d>/<r>/<a>/<v>  ("SERIAL
 * ID\n") containers/<name>/{config,upper/,work/,log}  tmp/ state $XDG_STATE_HOME/rootyard
 * <remote>/ cache  $XDG_CACHE_HOME/rootyard config $XDG_CONFIG_HOME/rootyard remotes.yaml
 *           run    $XDG_RUNTIME_DIR/rootyard, else /run/user/UID/rootyard, else
 *                  <state>/run                    <name>/
 * Errors  ERR_USAGE when neither the variable nor HOME is an absolute path
 * Source  XDG Base Directory Specification; design section 7 */
#ifndef LIB_MODEL_PLACES_H
#define LIB_MODEL_PLACES_H

#include "lib/base/err.h"
#include "lib/model/image.h"

#define PLACE_MAX 1024

enum place { PLACE_DATA, PLACE_STATE, PLACE_CACHE, PLACE_CONFIG, PLACE_RUN };

/* getenv-shaped, so that a test can pass its own. */
int place_path(enum place which, const char *(*env)(const char *name),
	char out[PLACE_MAX], struct err *e) must_check nonnull;

/* "refs/<remote>/<d>/<r>/<a>/<v>" beneath the data place. */
void place_ref(
	const char *remote, const struct image *image, char out[PLACE_MAX]) nonnull;

/* "SERIAL ID\n" in and out; id is 64 hex digits, with ".1id" behind it for a single-id
 * unpack. */
int ref_parse(struct bytes text, char serial[SERIAL_MAX], char id[72],
	struct err *e) must_check nonnull;

#endif
