/* releases.h -- releases.yaml: what of a distribution is built, from where, until when.
 * Shape   formats chapter section 8; unknown keys are complaints
 * Owns    the arena owns everything */
#ifndef BUILDER_RELEASES_H
#define BUILDER_RELEASES_H

#include "builder/fields.h"

#include "lib/model/image.h"

#define RELEASES_BYTES_MAX (1U << 20)

struct release {
	struct text name, version;
	struct texts aliases;
	struct text eol; /* YYYY-MM-DD */
	struct texts arches, variants;
	struct text mirror;
	struct texts keys; /* files beside releases.yaml */
	struct text_map options;
	uint64_t timeout_s, accept_expired_release_days;
	bool accept_eol;
	struct text_map sha256; /* URL: digest */
	struct text checksums;  /* URL of a list of checksums; rendered like source.url */
	struct text signature;  /* URL of a detached signature over that list, or, without
				   one, over the source; rendered likewise */
};

struct releases {
	struct arena arena;
	uint64_t schema;
	struct text distro, default_release;
	struct {
		struct release *item;
		size_t count;
	} releases;
};

void releases_init(struct releases *r) nonnull;
void releases_release(struct releases *r) nonnull;
#define auto_releases with_cleanup(releases_release)

int releases_parse(struct releases *r, struct bytes text, struct complaints *c,
	struct err *e) must_check nonnull;

/* RELEASE[/ARCH][/VARIANT], the last two in either order; ERR_USAGE with a hint. */
int releases_pick(const struct releases *r, const char *target, struct image *image,
	const struct release **release, struct err *e) must_check nonnull;

/* Midnight (UTC) after the end-of-life day; INT64_MAX when none is given. */
int64_t release_eol_s(const struct release *r) nonnull;

#endif
