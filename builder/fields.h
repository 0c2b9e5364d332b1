/* fields.h -- one table says how a mapping of YAML becomes a struct; reading, writing,
 * overriding by dotted path and look-up by templates all follow the same table.
 * Shape   a scalar keeps its source text and its place; lists are { item, count }
 * Errors  complaints with line and column; unknown keys are complaints with a hint
 * Owns    the arena given owns every string and array */
#ifndef BUILDER_FIELDS_H
#define BUILDER_FIELDS_H

#include "builder/complaints.h"

#include "lib/adapt/yaml.h"
#include "lib/base/buf.h"

struct text {
	const char *text; /* NULL: not given; the place is then that of what lacks it */
	unsigned int line, column;
	bool bad;   /* given and complained of already */
	bool block; /* its first line stands below `line` */
};

struct mark {
	unsigned int line, column; /* 0: not there */
};

struct texts {
	struct text *item;
	size_t count;
};

struct text_pair {
	struct text key, value;
};

struct text_map {
	struct text_pair *item;
	size_t count;
};

enum field_kind {
	FIELD_TEXT,       /* struct text */
	FIELD_BOOL,       /* bool */
	FIELD_UINT,       /* uint64_t */
	FIELD_TEXTS,      /* struct texts */
	FIELD_MAP,        /* struct text_map */
	FIELD_STRUCT,     /* a struct in place */
	FIELD_STRUCTS,    /* { struct *item; size_t count; } */
	FIELD_STRUCT_MAP, /* the same from a mapping: each begins with its key as struct
			     text */
	FIELD_MARK,       /* struct mark of the mapping itself; its key is "" */
};

struct field {
	const char *key; /* NULL ends the table */
	enum field_kind kind;
	size_t offset;
	const struct field *sub; /* of FIELD_STRUCT... */
	size_t sub_size;
	const char *const
		*allowed; /* FIELD_TEXT, FIELD_TEXTS: NULL-terminated, or NULL */
	bool trim;        /* blanks around it do not count */
};

/* "" when not given. */
const char *text_str(const struct text *t) nonnull;
bool text_is_set(const struct text *t) nonnull; /* given and not empty */
bool texts_have(const struct texts *list, const char *text) nonnull;

/* Reads a mapping into out (zeroed by the caller). */
void fields_read(const struct field *table, const struct ynode *map, void *out,
	struct arena *arena, struct complaints *c) nonnull;

/* Appends what is set as block YAML. */
void fields_write(const struct field *table, const void *in, struct buf *out,
	unsigned int indent) nonnull;

/* Sets the leaf that "source.url" or "packages.sets.0.action" names; ERR_USAGE. */
int fields_set(const struct field *table, void *out, const char *path, const char *value,
	struct arena *arena, struct err *e) must_check nonnull;

/* Is there a leaf, list or struct of this path: given or not, any index. */
bool fields_know(const struct field *table, const char *path) nonnull;

/* How many items the list has that the path names; 0 when it names none. */
size_t fields_count(const struct field *table, const void *in, const char *path) nonnull;

/* Appends the text of the leaf; false when there is none or it is not set. */
bool fields_find(const struct field *table, const void *in, const char *path,
	struct buf *out) nonnull;

/* YAML 1.1 words: 1 true, 0 false, -1 neither. */
int fields_bool_word(const char *word) nonnull;

/* YAML 1.1 numbers from 0 on; a fraction is cut off. */
bool fields_uint_word(const char *word, uint64_t *out) nonnull;

/* Is the word one of the allowed ones; *hint is the nearest of them, or NULL. */
bool fields_allow(const struct field *f, const char *text, const char **hint) nonnull;

/* The table's entry of a key, or NULL. */
const struct field *fields_key(
	const struct field *table, const char *key, size_t len) nonnull;

#endif
