#include "builder/manager_table.h"

#include "builder/manager_repo.h"

#define LINE(c, f)                                                                       \
	{                                                                                \
		.cmd = (c), .flags = (f)                                                 \
	}

static const struct manager managers[] = {
	{ .name = "apt",
		.global = "-y",
		.verb = { [MANAGER_REFRESH] = LINE("apt-get", "update"),
			[MANAGER_UPDATE] = LINE("apt-get", "dist-upgrade"),
			[MANAGER_INSTALL] = LINE("apt-get", "install"),
			[MANAGER_REMOVE] = LINE("apt-get", "remove --auto-remove"),
			[MANAGER_CLEAN] = LINE("apt-get", "clean") },
		.repository = repo_apt },
	{ .name = "apk",
		.global = "--no-cache",
		.verb = { [MANAGER_REFRESH] = LINE("apk", "update"),
			[MANAGER_UPDATE] = LINE("apk", "upgrade"),
			[MANAGER_INSTALL] = LINE("apk", "add"),
			[MANAGER_REMOVE] = LINE("apk", "del --rdepends") },
		.repository = repo_apk },
	{ .name = "dnf",
		.global = "-y",
		.verb = { [MANAGER_REFRESH] = LINE("dnf", "makecache"),
			[MANAGER_UPDATE] = LINE("dnf", "upgrade --nobest"),
			[MANAGER_INSTALL] = LINE("dnf", "install --nobest"),
			[MANAGER_REMOVE] = LINE("dnf", "remove"),
			[MANAGER_CLEAN] = LINE("dnf", "clean all") },
		.repository = repo_dnf },
	{ .name = "yum",
		.global = "-y",
		.verb = { [MANAGER_REFRESH] = LINE("yum", "makecache"),
			[MANAGER_UPDATE] = LINE("yum", "update"),
			[MANAGER_INSTALL] = LINE("yum", "install"),
			[MANAGER_REMOVE] = LINE("yum", "remove"),
			[MANAGER_CLEAN] = LINE("yum", "clean all") },
		.prepare = prepare_yum,
		.repository = repo_yum },
	{ .name = "zypper",
		.global = "--non-interactive --gpg-auto-import-keys",
		.verb = { [MANAGER_REFRESH] = LINE("zypper", "refresh"),
			[MANAGER_UPDATE] = LINE("zypper", "update"),
			[MANAGER_INSTALL] = LINE(
				"zypper", "install --allow-downgrade --replacefiles"),
			[MANAGER_REMOVE] = LINE("zypper", "remove"),
			[MANAGER_CLEAN] = LINE("zypper", "clean -a") },
		.repository = repo_zypper },
	{ .name = "pacman",
		.global = "--noconfirm",
		.verb = { [MANAGER_REFRESH] = LINE("pacman", "-Syy"),
			[MANAGER_UPDATE] = LINE("pacman", "-Su"),
			[MANAGER_INSTALL] = LINE("pacman", "-S --needed"),
			[MANAGER_REMOVE] = LINE("pacman", "-Rcs"),
			[MANAGER_CLEAN] = LINE("pacman", "-Sc") },
		.prepare = prepare_pacman,
		.emptied = "var/cache/pacman/pkg" },
	{ .name = "portage",
		.global = "",
		.verb = { [MANAGER_UPDATE] = LINE("emerge", "--update @world"),
			[MANAGER_INSTALL] = LINE("emerge", "--autounmask-continue"),
			[MANAGER_REMOVE] = LINE("emerge", "--unmerge") } },
	{ .name = "egoportage",
		.global = "",
		.verb = { [MANAGER_REFRESH] = LINE("ego", "sync"),
			[MANAGER_UPDATE] = LINE("emerge", "--update @world"),
			[MANAGER_INSTALL] =
				LINE("emerge", "--autounmask-continue --quiet-build=y"),
			[MANAGER_REMOVE] = LINE("emerge", "--unmerge") } },
	/* The first update may be of xbps alone: it then asks to be run again. */
	{ .name = "xbps",
		.global = "",
		.verb = { [MANAGER_REFRESH] = LINE("xbps-install", "--sync"),
			[MANAGER_UPDATE] = { "xbps-install", "--yes --update", 1 },
			[MANAGER_INSTALL] = LINE("xbps-install", "--yes"),
			[MANAGER_REMOVE] =
				LINE("xbps-remove", "--yes --recursive --remove-orphans"),
			[MANAGER_CLEAN] = LINE("xbps-remove", "--yes --clean-cache") } },
	/* Has no safe way to upgrade everything. */
	{ .name = "opkg",
		.global = "",
		.verb = { [MANAGER_REFRESH] = LINE("opkg", "update"),
			[MANAGER_INSTALL] = LINE("opkg", "install"),
			[MANAGER_REMOVE] = LINE("opkg", "remove") },
		.prepare = prepare_opkg,
		.emptied = "tmp/opkg-lists" },
	{ .name = "slackpkg",
		.global = "-batch=on -default_answer=y",
		.verb = { [MANAGER_REFRESH] = LINE("slackpkg", "update"),
			[MANAGER_INSTALL] = LINE("slackpkg", "install"),
			[MANAGER_REMOVE] = LINE("slackpkg", "remove") } },
	{ .name = "equo",
		.global = "",
		.verb = { [MANAGER_REFRESH] = LINE("equo", "update"),
			[MANAGER_UPDATE] = LINE("equo", "upgrade"),
			[MANAGER_INSTALL] = LINE("equo", "install"),
			[MANAGER_REMOVE] = LINE("equo", "remove"),
			[MANAGER_CLEAN] = LINE("equo", "cleanup") },
		.repository = repo_equo },
	{ .name = "anise",
		.global = "",
		.verb = { [MANAGER_REFRESH] = LINE("anise", "repo update --force"),
			[MANAGER_UPDATE] = LINE(
				"anise", "upgrade --sync-repos --skip-config-protect"),
			[MANAGER_INSTALL] =
				LINE("anise", "install --skip-config-protect"),
			[MANAGER_REMOVE] =
				LINE("anise", "uninstall --skip-config-protect"),
			[MANAGER_CLEAN] = LINE("anise", "cleanup --purge-repos") },
		.repository = repo_anise },
};

const struct manager *manager_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_COUNT(managers); i++)
		if (strcmp(managers[i].name, name) == 0)
			return &managers[i];
	return NULL;
}
