#include "assets.h"
#include "indexer/emit_page.h"

#include "lib/base/html.h"

/* index.html: a row for each release, a link to each image. */

enum { PAGE, STYLE, SCRIPT, TEXTS };

struct front {
	struct image last;    /* of the row that is open; "" before the first */
	int64_t newest_s;     /* in that row */
	struct image example; /* what the commands on the page use */
	char serial[SERIAL_MAX];
	bool has_default;
};

static void begin(const struct emit_site *s, void *state, struct buf *text)
{
	struct buf *out = &text[PAGE];

	(void)state;
	buf_add_str(&text[STYLE], asset_style);
	buf_add_str(&text[SCRIPT], asset_site);
	page_begin(out, s, "", 0);
	html_printf(out,
		"<header>\n<h1><bdi>%s</bdi></h1>\n<p class=\"lead\">%llu images of "
		"operating systems for containers, built anew and signed.</p>\n"
		"</header>\n<main id=\"main\">\n",
		s->site->name, (unsigned long long)s->image_count);
	buf_add_str(out,
		"<div class=\"search\" hidden>\n<label for=\"search\">Search: name, "
		"release, alias, architecture</label>\n<input id=\"search\" "
		"type=\"search\" placeholder=\"debian arm64 cloud\" "
		"autocomplete=\"off\" spellcheck=\"false\">\n<p id=\"said\" "
		"role=\"status\"></p>\n<div class=\"scroll\" id=\"found\" hidden>"
		"<table>\n<thead><tr><th scope=\"col\">Image</th><th "
		"scope=\"col\">Built</th><th scope=\"col\">Download</th><th "
		"scope=\"col\">Support</th></tr></thead>\n<tbody></tbody>\n</table>"
		"</div>\n</div>\n");
	buf_add_str(out,
		"<div class=\"scroll\"><table class=\"stack\">\n<thead><tr><th "
		"scope=\"col\">"
		"Distribution</th><th scope=\"col\">Release</th><th scope=\"col\">"
		"Support</th><th scope=\"col\">Images</th><th scope=\"col\">Built"
		"</th></tr></thead>\n<tbody>\n");
}

static void end_row(struct front *f, struct buf *out)
{
	if (!f->last.distro[0])
		return;
	buf_add_str(out, "</ul></td><td>");
	html_date(out, f->newest_s);
	buf_add_str(out, "</td></tr>\n");
	f->newest_s = 0;
}

static void begin_row(struct buf *out, const struct emit_image *i)
{
	const struct image *image = &i->listed->image;

	html_printf(out, "<tr><th scope=\"row\"><a href=\"images/%s/\">%s</a></th><td>%s",
		image->distro, image->distro, image->release);
	if (i->release && i->release->alias_count)
		html_printf(out, " (%s)", i->release->alias[0]);
	buf_add_str(out, "</td><td>");
	page_state(out, i->listed->state, i->release);
	buf_add_str(out, "</td><td class=\"wrap\"><ul class=\"arches\">");
}

/* The default release of some distribution makes the better example. */
static void remember(struct front *f, const struct emit_image *i)
{
	const struct image *image = &i->listed->image;
	bool is_default = i->release && i->release->is_default &&
			  strcmp(image->variant, "default") == 0;

	if (f->example.distro[0] && (f->has_default || !is_default))
		return;
	f->example = *image;
	f->has_default = is_default;
	memcpy(f->serial, i->build[0].row.serial, sizeof(f->serial));
}

static void image(const struct emit_site *s, const struct emit_image *i, void *state,
	struct buf *text)
{
	const struct image *image = &i->listed->image;
	struct front *f = state;
	struct buf *out = &text[PAGE];

	(void)s;
	if (strcmp(f->last.distro, image->distro) != 0 ||
		strcmp(f->last.release, image->release) != 0) {
		end_row(f, out);
		begin_row(out, i);
		f->last = *image;
	}
	if (i->build[0].row.created_s > f->newest_s)
		f->newest_s = i->build[0].row.created_s;
	remember(f, i);
	html_printf(out, "<li><a href=\"images/%s/%s/%s/%s/\">%s", image->distro,
		image->release, image->arch, image->variant, image->arch);
	if (strcmp(image->variant, "default") != 0)
		html_printf(out, " %s", image->variant);
	buf_add_str(out, "</a></li>");
}

/* In hours, from where it matters. */
static void mirror_state(struct buf *out, const struct mirror_check *c)
{
	if (!*c->state) {
		buf_add_str(out, "not checked</td><td>");
		return;
	}
	if (strcmp(c->state, "good") == 0 || strcmp(c->state, "lagging") == 0)
		html_printf(
			out, "<span class=\"tag%s\">", *c->state == 'g' ? "" : " warn");
	else
		html_printf(out, "<span class=\"tag warn\">%s", c->state);
	if (*c->state != 'g' && *c->state != 'l')
		buf_add_str(out, "</span></td><td>");
	else if (c->lag_s >= 3600)
		html_printf(out, "%lld h behind</span></td><td>",
			(long long)(c->lag_s / 3600));
	else
		buf_add_str(out, "up to date</span></td><td>");
	html_date(out, c->checked_s);
}

static void mirrors(const struct site *s, struct buf *out)
{
	if (s->mirror_count == 0)
		return;
	buf_add_str(out,
		"<h2>Mirrors</h2>\n<div class=\"scroll\"><table>\n<thead><tr><th "
		"scope=\"col\">Mirror</th><th scope=\"col\">State</th><th "
		"scope=\"col\">Checked</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < s->mirror_count; i++) {
		html_printf(out, "<tr><th scope=\"row\"><a href=\"%s\">%s</a></th><td>",
			s->mirror[i], s->mirror[i]);
		mirror_state(out, &s->mirror_check[i]);
		buf_add_str(out, "</td></tr>\n");
	}
	buf_add_str(out, "</tbody>\n</table></div>\n");
}

static void end(const struct emit_site *s, void *state, struct buf *text)
{
	struct front *f = state;
	struct buf *out = &text[PAGE];

	end_row(f, out);
	buf_add_str(out, "</tbody>\n</table></div>\n");
	if (f->example.distro[0]) {
		html_printf(out,
			"<h2>Use them</h2>\n<p>For example %s/%s; the page of each "
			"image has its own commands.</p>\n",
			f->example.distro, f->example.release);
		page_usage(out, s, &f->example, f->serial);
	}
	mirrors(s->site, out);
	page_end(out, s, 0);
}

static const struct emit_file files[] = {
	{ "index.html", PAGE, EMIT_GZ },
	{ "assets/style.css", STYLE, 0 },
	{ "assets/site.js", SCRIPT, 0 },
};

const struct emitter emit_site_pages = {
	.client = CLIENT_PAGES,
	.file = files,
	.file_count = ARRAY_COUNT(files),
	.text_count = TEXTS,
	.state_size = sizeof(struct front),
	.begin = begin,
	.image = image,
	.end = end,
};
