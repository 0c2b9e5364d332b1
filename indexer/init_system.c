#include "indexer/init_system.h"

#include "lib/base/atomic.h"
#include "lib/base/fs.h"

#include <pwd.h>

#define TEXT_MAX (64U << 10)

/* What the texts speak of. */
struct machine {
	const char *tree, *incoming, *user;
	const struct site *site;
};

/* Letters that mean nothing to systemd, cron and a shell. */
static bool is_plain(const char *text)
{
	return *text && strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXY"
				     "Z0123456789/._+:@-") == strlen(text);
}

static void put_unit(struct buf *out, const char *description, const char *more)
{
	buf_printf(out,
		"[Unit]\nDescription=%s\nDocumentation=man:rootyard-index(1)\n%s\n"
		"[Service]\n",
		description, more);
}

/* The indexer has no business on the network, nor outside of its directory. */
static void put_index_service(struct buf *out, const struct machine *m)
{
	buf_printf(out,
		"Type=oneshot\nUser=%s\nNice=10\nNoNewPrivileges=yes\n"
		"ProtectSystem=strict\nReadWritePaths=%s\nPrivateTmp=yes\n"
		"PrivateNetwork=yes\n",
		m->user, m->tree);
}

/* One night for all: what is due of the releases that the operator named, or of Debian. */
static void put_night(struct buf *out, const struct machine *m)
{
	const struct site_release *r = m->site->release;
	size_t count = m->site->release_count;

	buf_printf(out,
		BINDIR "/rootyard-build nightly -q --cache /var/cache/rootyard --out %s",
		m->incoming);
	for (size_t i = 0; i < count; i++)
		buf_printf(out, " --only '%s/%s/*'", r[i].distro, r[i].name);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || strcmp(r[i].distro, r[i - 1].distro) != 0)
			buf_printf(out, " " DATADIR "/recipes/%s", r[i].distro);
	buf_printf(out, "%s\n", count ? "" : " " DATADIR "/recipes/debian");
}

static void put_nightly(struct buf *out, const struct machine *m)
{
	put_unit(out, "Build tonight's images",
		"Wants=network-online.target\nAfter=network-online.target\n"
		"OnSuccess=rootyard-publish.service\n"
		"OnFailure=rootyard-publish.service\n");
	buf_add_str(out,
		"# Building wants root. A recipe that fails keeps no other from being\n"
		"# built. --only 'DISTRO/RELEASE/ARCH/VARIANT' chooses, with * and ?.\n"
		"Type=oneshot\nNice=10\nIOSchedulingClass=idle\nTimeoutStartSec=12h\n"
		"ExecStart=");
	put_night(out, m);
}

static void put_publish(struct buf *out, const struct machine *m)
{
	put_unit(out, "Take in what was built, and publish it", "");
	put_index_service(out, m);
	buf_printf(out,
		"# a build that is refused does not keep the others out\n"
		"ExecStart=-" BINDIR "/rootyard-index add -q -C %s --all %s\n"
		"ExecStart=" BINDIR "/rootyard-index publish -q -C %s\n"
		"ExecStart=-" BINDIR "/rootyard-index prune -q -C %s\n",
		m->tree, m->incoming, m->tree, m->tree);
}

static void put_refresh(struct buf *out, const struct machine *m)
{
	put_unit(out, "Sign the published metadata anew", "");
	put_index_service(out, m);
	buf_printf(
		out, "ExecStart=" BINDIR "/rootyard-index refresh -q -C %s\n", m->tree);
}

static void put_httpd(struct buf *out, const struct machine *m)
{
	put_unit(out, "Serve the tree",
		"Wants=network-online.target\nAfter=network-online.target\n");
	buf_printf(out,
		"# It opens the port and reads its key as root, then becomes that user.\n"
		"# With TLS: --listen :443 --tls-cert CHAIN --tls-key KEY\n"
		"ExecStart=" BINDIR "/rootyard-httpd --root %s/public --user www-data "
		"--listen :80\n"
		"Restart=on-failure\n\n[Install]\nWantedBy=multi-user.target\n",
		m->tree);
}

static void put_timer(struct buf *out, const char *description, const char *when)
{
	buf_printf(out,
		"[Unit]\nDescription=%s\n\n[Timer]\n%sPersistent=yes\n\n"
		"[Install]\nWantedBy=timers.target\n",
		description, when);
}

static void put_nightly_timer(struct buf *out, const struct machine *m)
{
	(void)m;
	put_timer(out, "Build images every night",
		"OnCalendar=*-*-* 01:30:00\nRandomizedDelaySec=30min\n");
}

static void put_publish_timer(struct buf *out, const struct machine *m)
{
	(void)m;
	put_timer(out, "Publish also what others hand over", "OnCalendar=hourly\n");
}

static void put_refresh_timer(struct buf *out, const struct machine *m)
{
	(void)m;
	put_timer(out, "Sign the metadata every twelve hours",
		"OnCalendar=*-*-* 00,12:17:00\n");
}

static void put_cron(struct buf *out, const struct machine *m)
{
	buf_printf(out, "# The same without systemd: /etc/cron.d/rootyard\n"
			"SHELL=/bin/sh\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\n");
	buf_add_str(out, "30 1 * * * root ");
	put_night(out, m);
	buf_printf(out,
		"5 * * * * %s " BINDIR "/rootyard-index add -q -C %s --all %s; " BINDIR
		"/rootyard-index publish -q -C %s && " BINDIR
		"/rootyard-index prune -q -C %s\n"
		"17 0,12 * * * %s " BINDIR "/rootyard-index refresh -q -C %s\n",
		m->user, m->tree, m->incoming, m->tree, m->tree, m->user, m->tree);
}

static const struct {
	const char *name;
	void (*put)(struct buf *out, const struct machine *m);
} files[] = {
	{ "rootyard-nightly.service", put_nightly },
	{ "rootyard-nightly.timer", put_nightly_timer },
	{ "rootyard-publish.service", put_publish },
	{ "rootyard-publish.timer", put_publish_timer },
	{ "rootyard-refresh.service", put_refresh },
	{ "rootyard-refresh.timer", put_refresh_timer },
	{ "rootyard-httpd.service", put_httpd },
	{ "rootyard.cron", put_cron },
};

static int write_files(int dir_fd, const struct machine *m, struct err *e)
{
	for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
		auto_buf struct buf text = BUF_INIT(TEXT_MAX);

		files[i].put(&text, m);
		if (buf_check(&text, files[i].name, e) < 0 ||
			atomic_write_file(
				dir_fd, files[i].name, buf_bytes(&text), 0644, e) < 0)
			return -1;
	}
	return 0;
}

int init_system(
	int yard_fd, const char *yard_path, const struct site *site, struct err *e)
{
	const char *slash = strrchr(yard_path, '/');
	auto_free char *incoming = xasprintf(
		"%.*s/incoming", slash ? (int)(slash - yard_path) : 0, yard_path);
	const struct passwd *user = getpwuid(getuid());
	const struct machine m = { .tree = yard_path,
		.incoming = incoming,
		.user = user ? user->pw_name : "",
		.site = site };
	auto_fd int dir_fd = -1;

	if (!is_plain(m.tree) || !is_plain(m.user))
		return 0;
	if (fs_mkdirs(yard_fd, INIT_SYSTEM, 0755, e) < 0)
		return -1;
	dir_fd = fs_open_dir_at(yard_fd, INIT_SYSTEM, e);
	return dir_fd < 0 || write_files(dir_fd, &m, e) < 0 ? -1 : 1;
}
