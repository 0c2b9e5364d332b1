#include "indexer/emit_page.h"

#include "lib/base/html.h"

#define DEPTH 5  /* images/d/r/a/v/index.html */
#define PASTS 30 /* builds on the page; history.json has all */

static void crumbs(struct buf *out, const struct emit_site *s, const struct image *i)
{
	buf_add_str(out, "<header>\n<nav class=\"crumbs\" aria-label=\"Path\">\n<ol>\n"
			 "<li><a href=\"");
	page_up(out, DEPTH);
	html_printf(out,
		"\"><bdi>%s</bdi></a></li>\n<li><a href=\"../../../\">%s</a></li>\n"
		"<li><a href=\"../../../#%s\">%s</a></li>\n",
		s->site->name, i->distro, i->release, i->release);
	html_printf(out,
		"<li>%s</li>\n<li aria-current=\"page\">%s</li>\n</ol>\n</nav>\n",
		i->arch, i->variant);
}

static void fact(struct buf *out, const char *name, const char *value)
{
	if (value[0])
		html_printf(out, "<dt>%s</dt><dd>%s</dd>\n", name, value);
}

static void fact_size(struct buf *out, const char *name, uint64_t bytes)
{
	if (!bytes)
		return;
	html_printf(out, "<dt>%s</dt><dd>", name);
	html_size(out, bytes);
	buf_add_str(out, "</dd>\n");
}

static void fact_aliases(struct buf *out, const struct emit_image *i)
{
	const struct image *image = &i->listed->image;
	const char *between = "<dt>Also called</dt><dd>";

	for (size_t k = 0; i->release && k < i->release->alias_count; k++) {
		buf_add_str(out, between);
		html_printf(out, "%s/%s", image->distro, i->release->alias[k]);
		between = ", ";
	}
	if (i->release && i->release->is_default) {
		buf_add_str(out, between);
		html_text(out, image->distro);
		between = ", ";
	}
	if (between[0] == ',')
		buf_add_str(out, "</dd>\n");
}

static void facts(struct buf *out, const struct emit_page *p)
{
	const struct emit_build *b = &p->image->build[0];
	const struct catalog_file *xz = emit_build_file(b, "rootfs.tar.xz");
	char id[DIGEST_HEX];

	digest_hex(&b->row.tree, id);
	buf_add_str(out, "<dl class=\"facts\">\n");
	html_printf(out, "<dt>Newest build</dt><dd><code>%s</code>, ", b->row.serial);
	html_date(out, b->row.created_s);
	buf_add_str(out, "</dd>\n");
	fact_size(out, "Download", xz ? xz->size : 0);
	fact_size(out, "Unpacked", b->row.unpacked_size);
	if (p->past_count && p->past[0].packages >= 0)
		html_printf(out, "<dt>Packages</dt><dd>%lld</dd>\n",
			(long long)p->past[0].packages);
	fact(out, "Boot test", b->row.tested);
	fact(out, "Init", b->row.init);
	fact_aliases(out, p->image);
	html_printf(out, "<dt>Image id</dt><dd><code>%s</code></dd>\n</dl>\n", id);
}

static void file_row(struct buf *out, const char *serial, const struct catalog_file *f)
{
	char hex[DIGEST_HEX];

	digest_hex(&f->sha256, hex);
	html_printf(out,
		"<tr><th scope=\"row\"><a href=\"%s/%s\">%s</a></th>"
		"<td class=\"num\">",
		serial, f->name, f->name);
	html_size(out, f->size);
	buf_add_str(out, "</td><td>");
	if (f->is_signed)
		html_printf(out,
			"<a href=\"%s/%s.asc\" aria-label=\"signature of %s\">.asc"
			"</a>",
			serial, f->name, f->name);
	html_printf(out, "</td><td class=\"minor\"><code>%s</code></td></tr>\n", hex);
}

static void files(struct buf *out, const struct emit_build *b)
{
	buf_add_str(out, "<h2>Files</h2>\n<div class=\"scroll\"><table>\n<thead><tr>"
			 "<th scope=\"col\">Name</th><th scope=\"col\" class=\"num\">Size"
			 "</th><th scope=\"col\">Signature</th><th scope=\"col\" "
			 "class=\"minor\">SHA-256</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < b->file_count; i++)
		file_row(out, b->row.serial, &b->file[i]);
	html_printf(out,
		"</tbody>\n</table></div>\n<p>All digests: <a href=\"%s/"
		"SHA256SUMS\">SHA256SUMS</a>, <a href=\"%s/SHA256SUMS.asc\">"
		"signed</a>.</p>\n",
		b->row.serial, b->row.serial);
}

static void past_row(struct buf *out, const struct emit_past *p)
{
	bool is_there = strcmp(p->state, "active") == 0;

	buf_add_str(out, "<tr><th scope=\"row\">");
	if (is_there)
		html_printf(
			out, "<a href=\"%s/SHA256SUMS\">%s</a>", p->serial, p->serial);
	else
		html_text(out, p->serial);
	buf_add_str(out, "</th><td>");
	html_date(out, p->created_s);
	buf_add_str(out, "</td><td class=\"num\">");
	html_size(out, p->size);
	html_printf(out, "</td><td class=\"minor\">%s</td><td>%s</td></tr>\n", p->tested,
		is_there ? "" : p->state);
}

static void pasts(struct buf *out, const struct emit_page *p)
{
	buf_add_str(out, "<h2>Builds</h2>\n<div class=\"scroll\"><table>\n<thead><tr>"
			 "<th scope=\"col\">Serial</th><th scope=\"col\">Built</th>"
			 "<th scope=\"col\" class=\"num\">Size</th><th scope=\"col\" "
			 "class=\"minor\">Boot test</th><th scope=\"col\">State</th></tr>"
			 "</thead>\n<tbody>\n");
	for (size_t i = 0; i < p->past_count && i < PASTS; i++)
		past_row(out, &p->past[i]);
	buf_add_str(out, "</tbody>\n</table></div>\n<p>");
	if (p->past_count > PASTS)
		buf_printf(out, "The newest %d of %zu. ", PASTS, p->past_count);
	buf_add_str(out, "For programs: <a href=\"history.json\">history.json</a>, <a "
			 "href=\"");
	page_up(out, DEPTH);
	html_printf(out, "api/v1/images/%s/%s/%s/%s.json\">this image as JSON</a>.</p>\n",
		p->image->listed->image.distro, p->image->listed->image.release,
		p->image->listed->image.arch, p->image->listed->image.variant);
}

void emit_image_page(const struct emit_page *p, struct buf *out)
{
	const struct emit_listed *l = p->image->listed;
	char name[IMAGE_NAME_MAX];

	image_format(&l->image, name);
	page_begin(out, p->site, name, DEPTH);
	crumbs(out, p->site, &l->image);
	html_printf(out, "<h1>%s</h1>\n", name);
	if (p->image->build_count)
		html_printf(out, "<p class=\"lead\"><bdi>%s</bdi></p>\n",
			p->image->build[0].row.description);
	buf_add_str(out, "<p>");
	page_state(
		out, p->image->build_count ? l->state : "withdrawn", p->image->release);
	buf_add_str(out, "</p>\n</header>\n<main id=\"main\">\n");
	if (p->image->build_count) {
		facts(out, p);
		buf_add_str(out, "<h2>Use it</h2>\n");
		page_usage(out, p->site, &l->image, p->image->build[0].row.serial);
		files(out, &p->image->build[0]);
	} else {
		buf_add_str(out, "<p>This image has no build any more.</p>\n");
	}
	pasts(out, p);
	page_end(out, p->site, DEPTH);
}

/* ---- a distribution */

static void distro_row(struct buf *out, const struct emit_row *r)
{
	const struct image *i = &r->image;

	html_printf(out, "<tr><th scope=\"row\"><a href=\"%s/%s/%s/\">%s", i->release,
		i->arch, i->variant, i->arch);
	if (strcmp(i->variant, "default") != 0)
		html_printf(out, " %s", i->variant);
	html_printf(
		out, "</a></th><td class=\"minor\"><code>%s</code></td><td>", r->serial);
	html_date(out, r->created_s);
	buf_add_str(out, "</td><td class=\"num\">");
	html_size(out, r->size);
	buf_add_str(out, "</td><td class=\"num minor\">");
	html_size(out, r->unpacked_size);
	buf_add_str(out, "</td></tr>\n");
}

static void begin_release(struct buf *out, const struct emit_row *r)
{
	html_printf(
		out, "<section id=\"%s\">\n<h2>%s", r->image.release, r->image.release);
	if (r->release && r->release->alias_count)
		html_printf(out, " (%s)", r->release->alias[0]);
	buf_add_str(out, "</h2>\n<p>");
	page_state(out, r->state, r->release);
	buf_add_str(out,
		"</p>\n<div class=\"scroll\"><table>\n<thead><tr><th "
		"scope=\"col\">Image</th><th scope=\"col\" class=\"minor\">Serial"
		"</th><th scope=\"col\">Built</th><th scope=\"col\" "
		"class=\"num\">Download</th><th scope=\"col\" class=\"num minor\">"
		"Unpacked</th></tr></thead>\n<tbody>\n");
}

void emit_distro_page(const struct emit_site *s, const char *distro,
	const struct emit_row *row, size_t count, struct buf *out)
{
	static const char end[] = "</tbody>\n</table></div>\n</section>\n";

	page_begin(out, s, distro, 2);
	html_printf(out,
		"<header>\n<nav class=\"crumbs\" aria-label=\"Path\">\n<ol>\n<li>"
		"<a href=\"../../\"><bdi>%s</bdi></a></li>\n<li "
		"aria-current=\"page\">%s</li>\n</ol>\n</nav>\n<h1>%s</h1>\n"
		"</header>\n<main id=\"main\">\n",
		s->site->name, distro, distro);
	for (size_t i = 0; i < count; i++) {
		bool is_new =
			!i || strcmp(row[i - 1].image.release, row[i].image.release) != 0;

		if (is_new && i)
			buf_add_str(out, end);
		if (is_new)
			begin_release(out, &row[i]);
		distro_row(out, &row[i]);
	}
	if (count)
		buf_add_str(out, end);
	else
		buf_add_str(
			out, "<p>There is no image of this distribution any more.</p>\n");
	page_end(out, s, 2);
}
