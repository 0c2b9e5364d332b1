/* cmd_key.h -- what `key` and `key root` share. */
#ifndef INDEXER_CMD_KEY_H
#define INDEXER_CMD_KEY_H

#include "indexer/cmd.h"
#include "indexer/keys.h"

extern const struct command cmd_key_root;

/* Says where the proposal lies and what is to be done with it. */
void key_say_proposal(struct call *c, const struct proposal *p) nonnull;

/* Publishes what changed hands; nothing when nothing was published before. */
int key_publish(struct yard *y, struct err *e) must_check nonnull;

/* The .asc of builds, with progress. */
struct resign_report key_report(struct out *o) nonnull;

/* "publish key 40 hex" as the user may write it: any case; ERR_USAGE otherwise. */
int key_parse_fpr(const char *text, char out[FPR_MAX], struct err *e) must_check nonnull;

/* A root that has `text` in it: read, refused when larger than any may be. */
int key_read_file(const char *path, size_t ceiling, struct buf *out,
	struct err *e) must_check nonnull;

/* One line a person signs for. */
int key_check_reason(const char *reason, struct err *e) must_check nonnull_args(2);

#endif
