/* yaml.h -- YAML as a tree of scalars with their places.
 * The only file that knows libyaml (yaml.c; yamlw.c writes without it).
 * Rules   scalars keep their source text and style, types are the reader's business;
 *         one document (a second is ignored); aliases expand at most 1 MiB of nodes,
 *         depth at most 32, 256 Ki nodes, 256 anchors, a scalar at most 1 MiB; "<<"
 *         merges; duplicate keys, keys that are no strings, and tabs as indentation are
 *         refused; !!str and !!binary (decoded) are accepted, other tags refused
 * Errors  ERR_PARSE or ERR_LIMIT "NAME:LINE:COLUMN: sentence"
 * Owns    the document owns every node; an alias is its anchor's node
 * Source  YAML 1.1 as libyaml reads it */
#ifndef LIB_ADAPT_YAML_H
#define LIB_ADAPT_YAML_H

#include "lib/base/bytes.h"
#include "lib/base/err.h"

enum ynode_kind { YNODE_SCALAR, YNODE_SEQUENCE, YNODE_MAPPING };

struct ynode {
	enum ynode_kind kind;
	bool plain;                /* an unquoted scalar */
	bool block;                /* a literal one: its text begins a line below */
	unsigned int line, column; /* from 1 */
	const char *text;          /* scalar: NUL-terminated */
	size_t len;
	size_t count; /* items, or pairs */
	struct ynode *
		*item; /* sequence: count items; mapping: key, value, key, value ... */
};

struct ydoc {
	struct ynode *root; /* NULL for an empty document */
	void *memory;
};

/* name is what errors call the text ("recipes/debian/image.yaml"); ceiling in bytes. */
int yaml_parse(struct bytes text, const char *name, size_t ceiling, struct ydoc *out,
	struct err *e) must_check nonnull;

/* Where faults go that do not keep the rest from being read. */
struct yaml_faults {
	void (*say)(
		void *ctx, unsigned int line, unsigned int column, const char *sentence);
	void *ctx;
};

/* The same, but duplicate keys, tags and the like are told to `faults`, all of them. */
int yaml_parse_all(struct bytes text, const char *name, size_t ceiling,
	const struct yaml_faults *faults, struct ydoc *out, struct err *e) must_check
	nonnull_args(2, 5, 6);
void yaml_release(struct ydoc *doc) nonnull;
#define auto_yaml with_cleanup(yaml_release)

/* The value of a key of a mapping, or NULL. */
const struct ynode *yaml_get(const struct ynode *map, const char *key) nonnull;

/* Appends a double-quoted YAML scalar, or a plain one where YAML 1.1 reads it as that
 * same string. A byte that is no UTF-8 becomes its Latin-1 character. */
struct buf;
void yaml_write_scalar(struct buf *out, const char *text) nonnull;

#endif
