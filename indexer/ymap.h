/* ymap.h -- a mapping of known keys in an operator's YAML file.
 * Errors  ERR_PARSE "site.yaml:3:1: sentence" */
#ifndef INDEXER_YMAP_H
#define INDEXER_YMAP_H

#include "lib/adapt/yaml.h"

struct ymap_field {
	const char *key;
	enum ynode_kind kind;
	bool required;
};

/* A complaint with the place of the node. */
int ymap_complain(
	const struct ynode *n, const char *name, const char *why, struct err *e) nonnull;

/* Known keys only, each of its kind, the required ones present. */
int ymap_check(const struct ynode *map, const struct ymap_field *fields, size_t count,
	const char *name, struct err *e) must_check nonnull;

/* A plain decimal number of min..max. */
int ymap_number(const struct ynode *n, const char *name, int64_t min, int64_t max,
	int64_t *out, struct err *e) must_check nonnull;

#endif
