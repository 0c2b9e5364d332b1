/* The whole format as tables: what may stand where. */
#include "builder/recipe.h"

#define AT(type, member) offsetof(type, member)
#define TEXT(t, k, m)                                                                    \
	{                                                                                \
		.key = (k), .kind = FIELD_TEXT, .offset = AT(t, m)                       \
	}
#define WORD(t, k, m, a)                                                                 \
	{                                                                                \
		.key = (k), .kind = FIELD_TEXT, .offset = AT(t, m), .allowed = (a)       \
	}
#define NAME(t, k, m, a)                                                                 \
	{                                                                                \
		.key = (k), .kind = FIELD_TEXT, .offset = AT(t, m), .allowed = (a),      \
		.trim = true                                                             \
	}
#define BOOL(t, k, m)                                                                    \
	{                                                                                \
		.key = (k), .kind = FIELD_BOOL, .offset = AT(t, m)                       \
	}
#define UINT(t, k, m)                                                                    \
	{                                                                                \
		.key = (k), .kind = FIELD_UINT, .offset = AT(t, m)                       \
	}
#define TEXTS(t, k, m)                                                                   \
	{                                                                                \
		.key = (k), .kind = FIELD_TEXTS, .offset = AT(t, m)                      \
	}
#define MAP(t, k, m)                                                                     \
	{                                                                                \
		.key = (k), .kind = FIELD_MAP, .offset = AT(t, m)                        \
	}
#define STRUCT(t, k, m, s)                                                               \
	{                                                                                \
		.key = (k), .kind = FIELD_STRUCT, .offset = AT(t, m), .sub = (s)         \
	}
#define STRUCTS(t, k, m, s, size)                                                        \
	{                                                                                \
		.key = (k), .kind = FIELD_STRUCTS, .offset = AT(t, m), .sub = (s),       \
		.sub_size = (size)                                                       \
	}
#define END                                                                              \
	{                                                                                \
		.key = NULL                                                              \
	}
#define FILTERS(t)                                                                       \
	TEXTS(t, "releases", filter.releases),                                           \
		TEXTS(t, "architectures", filter.architectures),                         \
		TEXTS(t, "variants", filter.variants),                                   \
	{                                                                                \
		.key = "types", .kind = FIELD_TEXTS, .offset = AT(t, filter.types),      \
		.allowed = types                                                         \
	}

static const char *const types[] = { "container", "vm", NULL };
static const char *const downloaders[] = { "almalinux-http", "alpaquita-http",
	"alpinelinux-http", "alt-http", "apertis-http", "archlinux-http", "busybox",
	"centos-http", "debootstrap", "docker-http", "fedora-http", "funtoo-http",
	"gentoo-http", "nixos-http", "openeuler-http", "opensuse-http", "openwrt-http",
	"oraclelinux-http", "plamolinux-http", "rockylinux-http", "rootfs-http",
	"rootyard", "rpmbootstrap", "sabayon-http", "slackware-http",
	"springdalelinux-http", "ubuntu-http", "voidlinux-http", "vyos-http", NULL };
static const char *const managers[] = { "apk", "apt", "dnf", "egoportage", "opkg",
	"pacman", "portage", "yum", "equo", "xbps", "zypper", "anise", "slackpkg", NULL };
static const char *const generators[] = { "dump", "copy", "template", "hostname", "hosts",
	"remove", "cloud-init", "incus-agent", "fstab", NULL };
static const char *const set_actions[] = { "install", "remove", NULL };
static const char *const triggers[] = { "post-unpack", "post-update", "post-packages",
	"post-files", NULL };
static const char *const maps[] = { "alpinelinux", "altlinux", "archlinux", "centos",
	"debian", "gentoo", "openwrt", "plamolinux", "voidlinux", "funtoo", "slackware",
	NULL };

static const struct field image_fields[] = {
	TEXT(struct recipe_image, "distribution", distribution),
	TEXT(struct recipe_image, "release", release),
	TEXT(struct recipe_image, "architecture", architecture),
	TEXT(struct recipe_image, "variant", variant),
	TEXT(struct recipe_image, "description", description),
	TEXT(struct recipe_image, "name", name),
	TEXT(struct recipe_image, "serial", serial),
	TEXT(struct recipe_image, "expiry", expiry),
	TEXT(struct recipe_image, "architecture_mapped", architecture_mapped),
	TEXT(struct recipe_image, "architecture_kernel", architecture_kernel),
	TEXT(struct recipe_image, "architecture_personality", architecture_personality),
	END,
};

static const struct field source_fields[] = {
	NAME(struct recipe_source, "downloader", downloader, downloaders),
	TEXT(struct recipe_source, "url", url),
	TEXTS(struct recipe_source, "keys", keys),
	TEXT(struct recipe_source, "keyserver", keyserver),
	TEXT(struct recipe_source, "variant", variant),
	TEXT(struct recipe_source, "suite", suite),
	TEXT(struct recipe_source, "same_as", same_as),
	BOOL(struct recipe_source, "skip_verification", skip_verification),
	TEXTS(struct recipe_source, "components", components),
	END,
};

static const struct field config_fields[] = {
	FILTERS(struct lxc_config),
	TEXT(struct lxc_config, "type", type),
	UINT(struct lxc_config, "before", before),
	UINT(struct lxc_config, "after", after),
	TEXT(struct lxc_config, "content", content),
	END,
};

static const struct field lxc_fields[] = {
	TEXT(struct recipe_targets, "create_message", lxc.create_message),
	STRUCTS(struct recipe_targets, "config", lxc.config, config_fields,
		sizeof(struct lxc_config)),
	END,
};

static const struct field vm_fields[] = {
	UINT(struct recipe_targets, "size", incus.vm.size),
	UINT(struct recipe_targets, "boot_size", incus.vm.boot_size),
	TEXT(struct recipe_targets, "filesystem", incus.vm.filesystem),
	END,
};

/* These stand inside struct recipe_targets: their offsets count from its beginning. */
static const struct field incus_fields[] = {
	{ .key = "vm", .kind = FIELD_STRUCT, .offset = 0, .sub = vm_fields },
	END,
};

static const struct field targets_fields[] = {
	{ .key = "lxc", .kind = FIELD_STRUCT, .offset = 0, .sub = lxc_fields },
	{ .key = "incus", .kind = FIELD_STRUCT, .offset = 0, .sub = incus_fields },
	WORD(struct recipe_targets, "type", type, types),
	END,
};

static const struct field template_fields[] = {
	MAP(struct recipe_file, "properties", template.properties),
	TEXTS(struct recipe_file, "when", template.when),
	END,
};

static const struct field file_fields[] = {
	FILTERS(struct recipe_file),
	NAME(struct recipe_file, "generator", generator, generators),
	TEXT(struct recipe_file, "path", path),
	TEXT(struct recipe_file, "content", content),
	TEXT(struct recipe_file, "name", name),
	TEXT(struct recipe_file, "source", source),
	{ .key = "template", .kind = FIELD_STRUCT, .offset = 0, .sub = template_fields },
	BOOL(struct recipe_file, "templated", templated),
	TEXT(struct recipe_file, "mode", mode),
	TEXT(struct recipe_file, "uid", uid),
	TEXT(struct recipe_file, "gid", gid),
	BOOL(struct recipe_file, "pongo", pongo),
	END,
};

static const struct field set_fields[] = {
	FILTERS(struct package_set),
	TEXTS(struct package_set, "packages", packages),
	WORD(struct package_set, "action", action, set_actions),
	BOOL(struct package_set, "early", early),
	TEXTS(struct package_set, "flags", flags),
	END,
};

static const struct field repository_fields[] = {
	FILTERS(struct repository),
	TEXT(struct repository, "name", name),
	TEXT(struct repository, "url", url),
	TEXT(struct repository, "type", type),
	TEXT(struct repository, "key", key),
	END,
};

static const struct field verb_fields[] = {
	TEXT(struct custom_verb, "cmd", cmd),
	TEXTS(struct custom_verb, "flags", flags),
	END,
};

static const struct field custom_fields[] = {
	{ .key = "", .kind = FIELD_MARK, .offset = AT(struct custom_manager, mark) },
	STRUCT(struct custom_manager, "clean", clean, verb_fields),
	STRUCT(struct custom_manager, "install", install, verb_fields),
	STRUCT(struct custom_manager, "remove", remove, verb_fields),
	STRUCT(struct custom_manager, "refresh", refresh, verb_fields),
	STRUCT(struct custom_manager, "update", update, verb_fields),
	TEXTS(struct custom_manager, "flags", flags),
	END,
};

static const struct field packages_fields[] = {
	NAME(struct recipe_packages, "manager", manager, managers),
	STRUCT(struct recipe_packages, "custom_manager", custom_manager, custom_fields),
	BOOL(struct recipe_packages, "update", update),
	BOOL(struct recipe_packages, "cleanup", cleanup),
	STRUCTS(struct recipe_packages, "repositories", repositories, repository_fields,
		sizeof(struct repository)),
	STRUCTS(struct recipe_packages, "sets", sets, set_fields,
		sizeof(struct package_set)),
	END,
};

static const struct field action_fields[] = {
	FILTERS(struct recipe_action),
	WORD(struct recipe_action, "trigger", trigger, triggers),
	TEXT(struct recipe_action, "action", action),
	BOOL(struct recipe_action, "pongo", pongo),
	END,
};

static const struct field mappings_fields[] = {
	WORD(struct recipe, "architecture_map", mappings.architecture_map, maps),
	MAP(struct recipe, "architectures", mappings.architectures),
	END,
};

static const struct field variable_fields[] = {
	FILTERS(struct env_variable),
	TEXT(struct env_variable, "key", key),
	TEXT(struct env_variable, "value", value),
	END,
};

static const struct field environment_fields[] = {
	BOOL(struct recipe, "clear_defaults", environment.clear_defaults),
	STRUCTS(struct recipe, "variables", environment.variables, variable_fields,
		sizeof(struct env_variable)),
	END,
};

const struct field recipe_fields[] = {
	STRUCT(struct recipe, "image", image, image_fields),
	STRUCT(struct recipe, "source", source, source_fields),
	STRUCT(struct recipe, "targets", targets, targets_fields),
	STRUCTS(struct recipe, "files", files, file_fields, sizeof(struct recipe_file)),
	STRUCT(struct recipe, "packages", packages, packages_fields),
	STRUCTS(struct recipe, "actions", actions, action_fields,
		sizeof(struct recipe_action)),
	{ .key = "mappings", .kind = FIELD_STRUCT, .offset = 0, .sub = mappings_fields },
	{ .key = "environment",
		.kind = FIELD_STRUCT,
		.offset = 0,
		.sub = environment_fields },
	END,
};
