#include "indexer/emit_page.h"

#include "lib/base/html.h"

void page_up(struct buf *out, unsigned int depth)
{
	if (!depth)
		buf_add_str(out, "./");
	for (unsigned int i = 0; i < depth; i++)
		buf_add_str(out, "../");
}

/* The policy stands in the page, so that every server sends it. */
static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	"script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
	"base-uri 'none'; form-action 'none'\">\n"
	"<meta name=\"referrer\" content=\"no-referrer\">\n";

void page_begin(
	struct buf *out, const struct emit_site *s, const char *title, unsigned int depth)
{
	buf_add_str(out, head);
	html_printf(out, "<title>%s%s%s</title>\n", title, title[0] ? " - " : "",
		s->site->name);
	buf_add_str(out, "<link rel=\"stylesheet\" href=\"");
	page_up(out, depth);
	buf_add_str(out, "assets/style.css\">\n<link rel=\"icon\" href=\"data:,\">\n");
	if (s->site->base_url[0]) {
		buf_add_str(out, "<link rel=\"alternate\" type=\"application/atom+xml\" "
				 "href=\"");
		page_up(out, depth);
		buf_add_str(out, "feed.atom\">\n");
	}
	buf_add_str(out, "<script src=\"");
	page_up(out, depth);
	buf_add_str(out, "assets/site.js\" data-base=\"");
	page_up(out, depth);
	buf_add_str(out,
		"\" defer></script>\n<a class=\"skip\" href=\"#main\">Skip to the "
		"content</a>\n");
}

static void footer_link(
	struct buf *out, unsigned int depth, const char *href, const char *text)
{
	buf_add_str(out, "<a href=\"");
	page_up(out, depth);
	html_printf(out, "%s\">%s</a>\n", href, text);
}

void page_end(struct buf *out, const struct emit_site *s, unsigned int depth)
{
	buf_add_str(out, "</main>\n<footer>\n");
	footer_link(out, depth, "", "All images");
	footer_link(out, depth, "api/v1/index.json", "JSON API");
	footer_link(out, depth, "api/v1/schema.json", "Schema");
	if (s->site->base_url[0])
		footer_link(out, depth, "feed.atom", "Atom feed");
	if (s->root_fpr[0])
		html_printf(
			out, "<p>Signed. Root key: <code>%s</code></p>\n", s->root_fpr);
	buf_add_str(out, "</footer>\n</html>\n");
}

void page_state(struct buf *out, const char *state, const struct site_release *r)
{
	bool is_eol = strcmp(state, "eol") == 0;

	if (strcmp(state, "active") != 0 && !is_eol)
		html_printf(out, "<span class=\"tag warn\">%s</span>", state);
	else if (is_eol)
		html_printf(out, "<span class=\"tag warn\">end of life since %s</span>",
			r ? r->eol : "");
	else if (r && r->eol[0])
		html_printf(out, "<span class=\"tag\">supported until %s</span>", r->eol);
	else
		buf_add_str(out, "<span class=\"tag\">active</span>");
}
