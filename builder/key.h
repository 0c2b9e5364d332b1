/* key.h -- the public keys that a recipe brings: how long they still are good.
 * Shape   armoured blocks, in the recipe or in files beside it
 * Errors  warnings */
#ifndef BUILDER_KEY_H
#define BUILDER_KEY_H

#include "builder/fields.h"

#define KEY_WARN_DAYS 60

/* Warns of keys that are revoked, expired, or expire within KEY_WARN_DAYS; name is what
 * the sentence calls their file. A fingerprint is passed over. */
void key_lint(const struct text *keys, const char *name, int64_t now_s,
	struct complaints *c) nonnull;

#endif
