#include "indexer/emit.h"
#include "lib/base/jsonw.h"

/* WSL runs on these alone. */
static const struct {
	const char *arch, *key;
} arches[] = { { "amd64", "Amd64Url" }, { "arm64", "Arm64Url" } };

#define ARCHES ARRAY_COUNT(arches)

/* One release and variant, whose architectures come one after another. */
struct entry {
	char release[IMAGE_PART_MAX + 1], variant[IMAGE_PART_MAX + 1];
	bool is_default;
	char path[ARCHES][LAYOUT_PATH_MAX]; /* "" where there is none */
	struct digest sha256[ARCHES];
};

struct wsl {
	char distro[IMAGE_PART_MAX + 1]; /* the flavor being collected */
	struct entry *entry;
	size_t count, room;
};

static const struct emit_file files[] = { { "wsl/DistributionInfo.json", 0, EMIT_ASC } };

static size_t arch_of(const struct image *i)
{
	size_t at = 0;

	while (at < ARCHES && strcmp(arches[at].arch, i->arch) != 0)
		at++;
	return at;
}

static struct entry *entry_of(struct wsl *w, const struct image *i)
{
	struct entry *e;

	for (size_t k = 0; k < w->count; k++)
		if (strcmp(w->entry[k].release, i->release) == 0 &&
			strcmp(w->entry[k].variant, i->variant) == 0)
			return &w->entry[k];
	if (w->count == w->room) {
		w->room = w->room ? 2 * w->room : 16;
		w->entry = xrealloc(w->entry, w->room * sizeof(*w->entry));
	}
	e = &w->entry[w->count++];
	*e = (struct entry){ .is_default = false };
	memcpy(e->release, i->release, sizeof(e->release));
	memcpy(e->variant, i->variant, sizeof(e->variant));
	return e;
}

static bool is_plain(const char *variant)
{
	return strcmp(variant, "default") == 0;
}

/* Exactly one: the operator's default release, else the first without a variant. */
static const struct entry *default_of(const struct wsl *w)
{
	const struct entry *best = &w->entry[0];

	for (size_t i = 0; i < w->count; i++) {
		const struct entry *e = &w->entry[i];

		if (e->is_default && is_plain(e->variant))
			return e;
		if (is_plain(e->variant) && !is_plain(best->variant))
			best = e;
	}
	return best;
}

static void write_entry(struct jsonw *w, const struct emit_site *s, const char *distro,
	const struct entry *e, bool is_default)
{
	char text[4 * IMAGE_PART_MAX], url[2 * LAYOUT_PATH_MAX], hex[DIGEST_HEX];
	const char *dash = is_plain(e->variant) ? "" : "-";
	const char *variant = is_plain(e->variant) ? "" : e->variant;

	jsonw_object(w);
	snprintf(text, sizeof(text), "%s-%s%s%s", distro, e->release, dash, variant);
	jsonw_kstr(w, "Name", text);
	snprintf(text, sizeof(text), "%s %s%s%s", distro, e->release, *variant ? " " : "",
		variant);
	if (text[0] >= 'a' && text[0] <= 'z')
		text[0] = (char)(text[0] - 'a' + 'A');
	jsonw_kstr(w, "FriendlyName", text);
	jsonw_kbool(w, "Default", is_default);
	for (size_t i = 0; i < ARCHES; i++) {
		if (!e->path[i][0])
			continue;
		jsonw_key(w, arches[i].key);
		jsonw_object(w);
		emit_url(s->site, e->path[i], url, sizeof(url));
		jsonw_kstr(w, "Url", url);
		digest_hex(&e->sha256[i], hex);
		jsonw_kstr(w, "Sha256", hex);
		jsonw_end_object(w);
	}
	jsonw_end_object(w);
}

static void flush(const struct emit_site *s, struct wsl *w, struct buf *out)
{
	struct jsonw j = jsonw_resume(out);
	const struct entry *d;

	if (!w->count)
		return;
	d = default_of(w);
	jsonw_key(&j, w->distro);
	jsonw_array(&j);
	for (size_t i = 0; i < w->count; i++)
		write_entry(&j, s, w->distro, &w->entry[i], &w->entry[i] == d);
	jsonw_end_array(&j);
	buf_add_byte(out, '\n');
	w->count = 0;
}

static void begin(const struct emit_site *s, void *state, struct buf *text)
{
	struct jsonw w = jsonw_to(text);

	(void)s;
	(void)state;
	jsonw_object(&w);
	jsonw_key(&w, "ModernDistributions");
	jsonw_object(&w);
	buf_add_byte(text, '\n');
}

static void image(const struct emit_site *s, const struct emit_image *i, void *state,
	struct buf *text)
{
	const struct image *image = &i->listed->image;
	const struct catalog_file *f = emit_build_file(&i->build[0], "rootfs.tar.xz");
	size_t arch = arch_of(image);
	struct wsl *w = state;
	struct entry *e;

	if (strcmp(w->distro, image->distro) != 0)
		flush(s, w, text);
	memcpy(w->distro, image->distro, sizeof(w->distro));
	if (!f || arch == ARCHES)
		return;
	e = entry_of(w, image);
	e->is_default = i->release && i->release->is_default;
	layout_artifact(image, i->listed->serial, f->name, e->path[arch]);
	e->sha256[arch] = f->sha256;
}

static void end(const struct emit_site *s, void *state, struct buf *text)
{
	struct jsonw w;

	flush(s, state, text);
	w = jsonw_resume(text);
	jsonw_end_object(&w);
	jsonw_end_object(&w);
	buf_add_byte(text, '\n');
}

static void release(void *state)
{
	struct wsl *w = state;

	free(w->entry);
}

const struct emitter emit_wsl = {
	.client = CLIENT_WSL,
	.needs_url = true,
	.file = files,
	.file_count = ARRAY_COUNT(files),
	.text_count = 1,
	.state_size = sizeof(struct wsl),
	.begin = begin,
	.image = image,
	.end = end,
	.release = release,
};
