/* debplan.h -- what a Debian tree is made of: which packages, in which order, and where a
 * signed index says they are.
 * Shape   packages in the order in which they are unpacked, `configure` the order in which
 *         they are configured; two stages: what is essential, then the rest. As text:
 *         "rootyard-plan 2", then lines of words, in the order of what happens
 *           package STAGE MARK INDEX SIZE SHA256 NAME VERSION ARCH FILENAME
 *           configure NUMBER, or "call NUMBER" where a call of dpkg begins
 * Bounds  DEBPLAN_MAX packages
 * Owns    the arena owns everything */
#ifndef BUILDER_DEBPLAN_H
#define BUILDER_DEBPLAN_H

#include "lib/adapt/digest.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"

#define DEBPLAN_MAX       4096
#define DEBPLAN_TEXT_MAX  (4U << 20)
#define DEBPLAN_STAGES    2
#define DEBPLAN_DEB_MAX   (2LL << 30)
#define DEBPLAN_FIELD_MAX 511

struct debplan_package {
	const char *name, *version, *arch;
	const char *file; /* relative to the archive's base */
	struct digest sha256;
	int64_t size;
	unsigned int index; /* of the signed indexes, in the order of their URLs */
	unsigned int stage; /* 0 or 1 */
	size_t after;       /* so many are configured before it is unpacked */
	bool is_auto;       /* came along: nobody asked for it by name */
};

struct debplan {
	struct arena arena;
	struct debplan_package *package;
	size_t count, room;
	size_t *configure; /* count of them: indexes of packages */
	bool *begins; /* a call of dpkg, with this one: the order within is its own */
	size_t configure_count;
};

void debplan_init(struct debplan *p) nonnull;
void debplan_release(struct debplan *p) nonnull;
#define auto_debplan with_cleanup(debplan_release)

/* One more package, empty; ERR_LIMIT. */
int debplan_add(struct debplan *p, struct debplan_package **out,
	struct err *e) must_check nonnull;

/* The package of this name, or NULL. */
struct debplan_package *debplan_find(const struct debplan *p, const char *name) nonnull;

bool debplan_has_stage(const struct debplan *p, unsigned int stage) nonnull;

/* Where it is to be had, out of its stanza in index number `index`; ERR_PARSE. */
int debplan_take(struct debplan *p, struct debplan_package *x, struct bytes stanza,
	unsigned int index, struct err *e) must_check nonnull;

/* The next one to be configured. */
int debplan_configure(struct debplan *p, const char *name, bool begins,
	struct err *e) must_check nonnull;

void debplan_format(const struct debplan *p, struct buf *out) nonnull;

/* ERR_PARSE for what debplan_format would not write, or what is not whole. */
int debplan_parse(
	struct bytes text, struct debplan *out, struct err *e) must_check nonnull;

#endif
