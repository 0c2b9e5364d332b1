#include "indexer/emit_page.h"

#include "lib/base/html.h"

struct usage {
	struct buf *out;
	const struct emit_site *site;
	const struct image *image;
	const char *serial;
	char remote[32]; /* what the commands call this server */
	bool has_prefix; /* the tree does not lie at the host's root */
};

/* "https://host/prefix" without a slash at its end; the page's own address, which a
 * script fills in, when the site has not been told its name. */
static void write_url(struct usage *u)
{
	const char *url = u->site->site->base_url;
	size_t len = strlen(url);

	while (len && url[len - 1] == '/')
		len--;
	if (len) {
		auto_free char *text = xasprintf("%.*s", (int)len, url);

		html_text(u->out, text);
	} else {
		buf_add_str(u->out,
			"<span data-host=\"url\">https://images.example.org</span>");
	}
}

static void write_host(struct usage *u)
{
	const char *host = strstr(u->site->site->base_url, "://");
	size_t len = host ? strlen(host) : 0;

	while (len && host[len - 1] == '/')
		len--;
	if (len > 3) {
		auto_free char *text = xasprintf("%.*s", (int)len - 3, host + 3);

		html_text(u->out, text);
	} else {
		buf_add_str(u->out, "<span data-host=\"host\">images.example.org</span>");
	}
}

static bool is_default(const struct usage *u)
{
	return strcmp(u->image->variant, "default") == 0;
}

static void write_name(struct usage *u)
{
	html_printf(u->out, "%s/%s", u->image->distro, u->image->release);
	if (!is_default(u))
		html_printf(u->out, "/%s", u->image->variant);
}

static void use_rootyard(struct usage *u)
{
	html_printf(u->out, "rootyard remote add %s ", u->remote);
	write_url(u);
	html_printf(u->out, " --fingerprint %s\nrootyard run %s:", u->site->root_fpr,
		u->remote);
	write_name(u);
}

static void use_lxc(struct usage *u)
{
	buf_add_str(u->out, "lxc-create -n c1 -t download -- --server ");
	write_host(u);
	html_printf(u->out, " -d %s -r %s -a %s", u->image->distro, u->image->release,
		u->image->arch);
	if (!is_default(u))
		html_printf(u->out, " --variant %s", u->image->variant);
}

static void use_incus(struct usage *u)
{
	html_printf(u->out, "incus remote add %s ", u->remote);
	write_url(u);
	html_printf(u->out,
		" --protocol=simplestreams --public\nincus launch %s:", u->remote);
	write_name(u);
	buf_add_str(u->out, " c1");
}

static void use_podman(struct usage *u)
{
	buf_add_str(u->out, "podman run --rm -it ");
	write_host(u);
	html_printf(u->out, "/%s:%s", u->image->distro, u->image->release);
	if (!is_default(u))
		html_printf(u->out, "-%s", u->image->variant);
}

static void write_file(struct usage *u, const char *name)
{
	char path[LAYOUT_PATH_MAX];

	layout_artifact(u->image, u->serial, name, path);
	write_url(u);
	html_printf(u->out, "/%s", path);
}

static void use_systemd(struct usage *u)
{
	buf_add_str(u->out, "machinectl pull-tar ");
	write_file(u, "rootfs.tar.xz");
	html_printf(u->out, " %s-%s", u->image->distro, u->image->release);
}

static void use_curl(struct usage *u)
{
	buf_add_str(u->out, "curl -fLO ");
	write_file(u, "rootfs.tar.xz");
	buf_add_str(u->out, "\ncurl -fLO ");
	write_file(u, "rootfs.tar.xz.asc");
	buf_add_str(u->out, "\ngpg --verify rootfs.tar.xz.asc rootfs.tar.xz");
}

static const struct {
	const char *title;
	bool at_root; /* a registry cannot lie beneath a prefix */
	void (*write)(struct usage *u);
} clients[] = {
	{ "rootyard", false, use_rootyard },
	{ "LXC", false, use_lxc },
	{ "Incus, LXD", false, use_incus },
	{ "Podman, Docker, Distrobox", true, use_podman },
	{ "systemd-nspawn", false, use_systemd },
	{ "curl and gpg", false, use_curl },
};

/* "Test site" -> "test-site" */
static void name_remote(struct usage *u)
{
	size_t len = 0;

	for (const char *c = u->site->site->name; *c && len + 1 < sizeof(u->remote);
		c++) {
		char low = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;

		if ((low >= 'a' && low <= 'z') || (len && low >= '0' && low <= '9'))
			u->remote[len++] = low;
		else if (len && u->remote[len - 1] != '-')
			u->remote[len++] = '-';
	}
	while (len && u->remote[len - 1] == '-')
		len--;
	u->remote[len] = '\0';
	if (!len)
		snprintf(u->remote, sizeof(u->remote), "images");
}

void page_usage(struct buf *out, const struct emit_site *s, const struct image *image,
	const char *serial)
{
	struct usage u = { .out = out, .site = s, .image = image, .serial = serial };
	const char *host = strstr(s->site->base_url, "://");
	const char *path = host ? strchr(host + 3, '/') : NULL;

	u.has_prefix = path && path[1];
	name_remote(&u);
	for (size_t i = 0; i < ARRAY_COUNT(clients); i++) {
		if (clients[i].at_root && u.has_prefix)
			continue;
		html_printf(out, "<details%s>\n<summary>%s</summary>\n<pre><code>",
			i ? "" : " open", clients[i].title);
		clients[i].write(&u);
		buf_add_str(out, "</code></pre>\n</details>\n");
	}
}
