#include "indexer/emit.h"

#include "lib/base/html.h"

/* feed.atom: the newest builds of all images. An entry's id never changes. */

#define ENTRIES 50

struct entry {
	struct image image;
	char serial[SERIAL_MAX];
	int64_t created_s;
};

struct feed {
	struct entry entry[ENTRIES]; /* newest first */
	size_t count;
};

static void take(struct feed *f, const struct image *image, const struct emit_build *b)
{
	size_t at = f->count;

	while (at && f->entry[at - 1].created_s < b->row.created_s)
		at--;
	if (at == ENTRIES)
		return;
	if (f->count < ENTRIES)
		f->count++;
	memmove(&f->entry[at + 1], &f->entry[at],
		(f->count - at - 1) * sizeof(f->entry[0]));
	f->entry[at] = (struct entry){ .image = *image, .created_s = b->row.created_s };
	memcpy(f->entry[at].serial, b->row.serial, sizeof(f->entry[at].serial));
}

static void image(const struct emit_site *s, const struct emit_image *i, void *state,
	struct buf *text)
{
	(void)s;
	(void)text;
	for (size_t k = 0; k < i->build_count; k++)
		take(state, &i->listed->image, &i->build[k]);
}

/* base_url without the slash at its end */
static char *base_of(const struct site *site)
{
	size_t len = strlen(site->base_url);

	while (len && site->base_url[len - 1] == '/')
		len--;
	return xasprintf("%.*s", (int)len, site->base_url);
}

/* Who makes tag URIs: the host without its port. */
static char *authority_of(const char *base)
{
	const char *host = strstr(base, "://");

	host = host ? host + 3 : base;
	return xasprintf("%.*s", (int)strcspn(host, "/:"), host);
}

static void write_entry(struct buf *out, const struct emit_site *s, const char *base,
	const char *authority, const struct entry *n)
{
	char name[IMAGE_NAME_MAX], when[HTML_TIME_MAX], day[11];

	image_format(&n->image, name);
	html_time(n->created_s, when);
	snprintf(day, sizeof(day), "%.10s", when);
	html_printf(out,
		"<entry><id>tag:%s,%s:%s@%s</id><title>%s %s</title><updated>%s"
		"</updated><link href=\"%s/images/%s/\"/><author><name>%s</name>"
		"</author><category term=\"%s\"/></entry>\n",
		authority, day, name, n->serial, name, n->serial, when, base, name,
		s->site->name, n->image.distro);
}

static void end(const struct emit_site *s, void *state, struct buf *text)
{
	auto_free char *base = base_of(s->site);
	auto_free char *authority = authority_of(base);
	const struct feed *f = state;
	char when[HTML_TIME_MAX];

	html_time(f->count ? f->entry[0].created_s : 0, when);
	buf_add_str(text, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed "
			  "xmlns=\"http://www.w3.org/2005/Atom\">\n");
	html_printf(text,
		"<id>%s/feed.atom</id><title>%s</title><updated>%s</updated><link "
		"rel=\"self\" href=\"%s/feed.atom\"/><link href=\"%s/\"/>\n",
		base, s->site->name, when, base, base);
	for (size_t i = 0; i < f->count; i++)
		write_entry(text, s, base, authority, &f->entry[i]);
	buf_add_str(text, "</feed>\n");
}

static const struct emit_file files[] = { { "feed.atom", 0, EMIT_GZ } };

const struct emitter emit_feed = {
	.client = CLIENT_FEED,
	.needs_url = true,
	.file = files,
	.file_count = ARRAY_COUNT(files),
	.text_count = 1,
	.state_size = sizeof(struct feed),
	.image = image,
	.end = end,
};
