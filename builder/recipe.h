/* recipe.h -- image.yaml, a definition in distrobuilder's format, as a struct.
 * Shape   recipes chapter section 1; scalars keep their source text and place
 * Errors  complaints with line and column for the text; ERR_USAGE for -o
 * Owns    the recipe's arena owns everything
 * Source  recipes chapter sections 1, 2 and 5 */
#ifndef BUILDER_RECIPE_H
#define BUILDER_RECIPE_H

#include "builder/fields.h"
#include "lib/model/template.h"

#define RECIPE_BYTES_MAX (4U << 20)

struct filter {
	struct texts releases, architectures, variants, types;
};

struct recipe_image {
	struct text distribution, release, architecture, variant, description, name,
		serial, expiry;
	struct text architecture_mapped, architecture_kernel, architecture_personality;
};

struct recipe_source {
	struct text downloader, url;
	struct texts keys;
	struct text keyserver, variant, suite, same_as;
	bool skip_verification;
	struct texts components;
};

struct lxc_config {
	struct filter filter;
	struct text type;
	uint64_t before, after;
	struct text content;
};

struct recipe_targets {
	struct text type;
	struct {
		struct text create_message;
		struct {
			struct lxc_config *item;
			size_t count;
		} config;
	} lxc;
	struct {
		struct {
			uint64_t size, boot_size;
			struct text filesystem;
		} vm;
	} incus;
};

struct recipe_file {
	struct filter filter;
	struct text generator, path, content, name, source;
	struct {
		struct text_map properties;
		struct texts when;
	} template;
	bool templated;
	struct text mode, uid, gid;
	bool pongo;
};

struct package_set {
	struct filter filter;
	struct texts packages;
	struct text action;
	bool early;
	struct texts flags;
};

struct repository {
	struct filter filter;
	struct text name, url, type, key;
};

struct custom_verb {
	struct text cmd;
	struct texts flags;
};

struct custom_manager {
	struct mark mark;
	struct custom_verb clean, install, remove, refresh, update;
	struct texts flags;
};

struct recipe_packages {
	struct text manager;
	struct custom_manager custom_manager;
	bool update, cleanup;
	struct {
		struct package_set *item;
		size_t count;
	} sets;
	struct {
		struct repository *item;
		size_t count;
	} repositories;
};

struct recipe_action {
	struct filter filter;
	struct text trigger, action;
	bool pongo;
};

struct env_variable {
	struct filter filter;
	struct text key, value;
};

struct recipe {
	struct arena arena;
	struct recipe_image image;
	struct recipe_source source;
	struct recipe_targets targets;
	struct {
		struct recipe_file *item;
		size_t count;
	} files;
	struct recipe_packages packages;
	struct {
		struct recipe_action *item;
		size_t count;
	} actions;
	struct {
		struct text architecture_map;
		struct text_map architectures;
	} mappings;
	struct {
		bool clear_defaults;
		struct {
			struct env_variable *item;
			size_t count;
		} variables;
	} environment;
};

extern const struct field recipe_fields[];

void recipe_init(struct recipe *r) nonnull;
void recipe_release(struct recipe *r) nonnull;
#define auto_recipe with_cleanup(recipe_release)

/* Reads text into r (initialised); faults become complaints. ERR_PARSE only when it is no
 * YAML at all. */
int recipe_parse(struct recipe *r, struct bytes text, struct complaints *c,
	struct err *e) must_check nonnull;

/* "source.url=http://..." (the value may hold anything). */
int recipe_set(struct recipe *r, const char *option, struct err *e) must_check nonnull;

/* Computes architecture_{mapped,kernel,personality} and fills the defaults. arch is what
 * image.architecture becomes when the recipe does not say. */
void recipe_finish(struct recipe *r, const char *arch, struct complaints *c) nonnull;

/* Meaning behind the shape: what the format's own tool refuses. */
void recipe_check(const struct recipe *r, struct complaints *c) nonnull;

/* What this version cannot make a container of, as errors or as warnings. */
void recipe_check_buildable(
	const struct recipe *r, bool warn, struct complaints *c) nonnull;

/* Does an entry apply to this container build? */
bool recipe_applies(const struct recipe *r, const struct filter *f) nonnull;

/* Could it apply to a container at all: types empty or naming it. */
bool filter_allows_container(const struct filter *f) nonnull;

/* The whole as YAML that reads back as the same recipe. */
int recipe_format(
	const struct recipe *r, struct buf *out, struct err *e) must_check nonnull;

/* Renders a template over the recipe's own values. what: how errors call it. */
int recipe_render(const struct recipe *r, const struct text *text, const char *what,
	struct buf *out, struct err *e) must_check nonnull;

/* What templates may name. */
struct template_vars recipe_vars(const struct recipe *r) nonnull;

/* Seconds that image.expiry means ("30d"); 0 when nothing in it is a time. */
int64_t recipe_expiry_s(const struct recipe *r) nonnull;

/* False: something in it is no time, and is passed over. */
bool recipe_expiry_is_clean(const struct recipe *r) nonnull;

#endif
