#include "indexer/emit_page.h"

#include "lib/base/html.h"

#define CHAR_PX 7
#define PAD_PX  12

static void part(struct buf *out, int x, int width, const char *fill, const char *text)
{
	html_printf(out,
		"<rect x=\"%d\" width=\"%d\" height=\"20\" fill=\"%s\"/><text x=\"%d\" "
		"y=\"14\" textLength=\"%d\" lengthAdjust=\"spacingAndGlyphs\">%s</text>",
		x, width, fill, x + PAD_PX / 2, width - PAD_PX, text);
}

void emit_badge(const struct emit_page *p, struct buf *out)
{
	const struct emit_listed *l = p->image->listed;
	bool is_good = p->image->build_count && strcmp(l->state, "active") == 0;
	char name[IMAGE_NAME_MAX], said[HTML_TIME_MAX];
	int left, right;

	image_format(&l->image, name);
	if (!p->image->build_count)
		snprintf(said, sizeof(said), "withdrawn");
	else if (strcmp(l->state, "eol") == 0)
		snprintf(said, sizeof(said), "end of life");
	else if (!is_good)
		snprintf(said, sizeof(said), "%s", l->state);
	else
		html_time(p->image->build[0].row.created_s, said);
	if (is_good)
		said[10] = '\0'; /* the day */

	left = (int)strlen(name) * CHAR_PX + PAD_PX;
	right = (int)strlen(said) * CHAR_PX + PAD_PX;
	html_printf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"20\" "
		"role=\"img\" aria-label=\"%s: %s\"><title>%s: %s</title><g "
		"fill=\"#fff\" "
		"font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\">",
		left + right, name, said, name, said);
	part(out, 0, left, "#444c56", name);
	part(out, left, right, is_good ? "#0b6e4f" : "#8a4b08", said);
	buf_add_str(out, "</g></svg>\n");
}
