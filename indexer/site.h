/* site.h -- site.yaml and releases/<distro>.yaml: what the operator says about the site.
 * Shape   site.yaml: schema 1, name, base_url, mirrors, hold_percent, releases (file
 * names in releases/); releases/<distro>.yaml: formats chapter section 8. Unknown keys are refused
 * Rules   aliases and end-of-life come from here alone: no build can claim them
 * Errors  ERR_PARSE "site.yaml:3:1: sentence"
 * Owns    the site's arena owns every string */
#ifndef INDEXER_SITE_H
#define INDEXER_SITE_H

#include "indexer/clients.h"
#include "indexer/mirrors.h"
#include "indexer/retention.h"
#include "lib/adapt/digest.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/model/image.h"

#define SITE_MAX         (64U << 10)
#define SITE_LIST_MAX    64
#define SITE_NAME        "site.yaml"
#define SITE_RELEASES    "releases"
#define SITE_ALIASES_MAX 16
#define SITE_DELTAS_MAX  8

struct site_release {
	const char *distro, *name;
	const char *alias[SITE_ALIASES_MAX]; /* the version first: "13", "stable" */
	size_t alias_count;
	const char *eol; /* YYYY-MM-DD or "" */
	bool is_default;
};

struct site {
	struct arena arena;
	const char *name, *base_url; /* base_url may be "" */
	const char *mirror[SITE_LIST_MAX];
	struct mirror_check mirror_check[SITE_LIST_MAX]; /* what is known of each */
	size_t mirror_count;
	unsigned int clients; /* enum client: whom to serve */
	int64_t hold_percent; /* a build this far from the last is held; 0: none is */
	int64_t delta[SITE_DELTAS_MAX]; /* from how many builds back deltas are made */
	size_t delta_count;
	int64_t delta_percent; /* of the full download: above it none is made */
	struct retention retention;
	struct site_release *release;
	size_t release_count;
};

#define SITE_DELTA_PERCENT 40
#define SITE_HOLD_PERCENT  30

/* Reads both beneath the operator's directory. */
int site_read(int yard_fd, struct site *out, struct err *e) must_check nonnull;
void site_release(struct site *s) nonnull;
#define auto_site with_cleanup(site_release)

/* What is known of an image's release, or NULL. */
const struct site_release *site_find(const struct site *s, const struct image *i) nonnull;

/* Is the end-of-life day over? */
bool site_release_is_eol(const struct site_release *r, int64_t now_s) nonnull;

/* Digest of all that the published documents take from here. */
struct digest site_facts(const struct site *s, int64_t now_s) nonnull;

/* May a site be called so? It becomes part of a key's user id, too. */
bool site_name_is_valid(const char *name) nonnull;

/* Parses one releases file into `out`, for init. */
int site_check_releases(struct bytes text, const char *name, struct arena *arena,
	const char **distro, struct err *e) must_check nonnull;

/* The site.yaml that init writes. */
void site_format(struct buf *out, const char *name, const char *const *releases,
	size_t release_count) nonnull_args(1, 2);

#endif
