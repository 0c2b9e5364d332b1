#include "indexer/derive.h"
#include "indexer/emit.h"

static const struct emit_file files[] = { { "aplinfo.dat", 0, EMIT_ASC | EMIT_GZ } };

static const struct catalog_file *template_of(const struct emit_build *b)
{
	for (size_t i = 0; i < b->file_count; i++)
		if (b->file[i].sha512[0])
			return &b->file[i];
	return NULL;
}

/* A version may not hold an underscore. */
static void add_version(struct buf *out, const char *serial)
{
	buf_add_str(out, "Version: ");
	for (; *serial; serial++)
		buf_add_byte(out, *serial == '_' ? '-' : (unsigned char)*serial);
	buf_add_byte(out, '\n');
}

/* One image a stanza, the newest build. */
static void image(const struct emit_site *s, const struct emit_image *i, void *state,
	struct buf *text)
{
	const struct image *image = &i->listed->image;
	const struct catalog_file *f = template_of(&i->build[0]);
	const char *version = derive_version(image, i->release);
	char path[LAYOUT_PATH_MAX], url[2 * LAYOUT_PATH_MAX];

	(void)state;
	if (!f)
		return;
	layout_artifact(image, i->listed->serial, f->name, path);
	emit_url(s->site, path, url, sizeof(url));
	buf_printf(text, "Package: %s-%s-%s\n", image->distro, version, image->variant);
	add_version(text, i->listed->serial);
	buf_printf(text,
		"Type: lxc\nOS: %s-%s\nSection: system\nMaintainer: %s\nArchitecture: "
		"%s\nLocation: %s\nsha512sum: %s\nInfopage: %s\nDescription: %s %s "
		"(%s)\n\n",
		image->distro, version, s->site->name, image->arch, url, f->sha512,
		s->site->base_url, image->distro, image->release, image->variant);
}

const struct emitter emit_aplinfo = {
	.client = CLIENT_APLINFO,
	.needs_url = true,
	.file = files,
	.file_count = ARRAY_COUNT(files),
	.text_count = 1,
	.image = image,
};
