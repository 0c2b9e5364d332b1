#include "lib/base/jsonw.h"
#include "lib/model/catdoc.h"
#include "lib/model/field.h"

#define BUILDS_MAX  4096
#define FILES_MAX   64
#define DELTAS_MAX  64
#define STRINGS_MAX 4096

static const char *const image_states[] = { "active", "deprecated", "held", "eol",
	"withdrawn", NULL };
static const char *const build_states[] = { "active", "held", "withdrawn", NULL };
static const char *const test_words[] = { "passed", "failed", "not tested", NULL };

void imagedoc_release(struct imagedoc *d)
{
	arena_release(&d->arena);
}

/* ---- reading */

/* As many as a file of this size has. */
static int parse_pieces(
	const struct json *o, struct arena *a, struct doc_file *f, struct err *e)
{
	const struct json *array;
	struct pieces *p;

	if (json_get_array(o, "pieces", &array, e) < 0)
		return -1;
	p = arena_array(a, 1, sizeof(*p));
	p->count = json_count(array);
	if (p->count > PIECES_MAX || p->count != pieces_count(f->size))
		return err_set(e, ERR_PARSE, "'pieces': %zu where the size has %zu",
			p->count, pieces_count(f->size));
	for (size_t i = 0; i < p->count; i++) {
		const char *hex;

		if (json_str(json_at(array, i), &hex, e) < 0 ||
			digest_parse(hex, &p->sha256[i], e) < 0)
			return err_wrap(e, "'pieces'");
	}
	f->pieces = p;
	return 0;
}

static int parse_files(
	const struct json *o, struct arena *a, struct doc_build *b, struct err *e)
{
	const struct json *array, *item;

	if (field_array(o, "files", FILES_MAX, &array, &b->file_count, e) < 0)
		return -1;
	b->file = arena_array(a, b->file_count, sizeof(*b->file));
	for (size_t i = 0; i < b->file_count; i++) {
		struct doc_file *f = &b->file[i];

		if (field_object_at(array, i, &item, e) < 0 ||
			field_name(item, "name", a, &f->name, e) < 0 ||
			field_path(item, "path", a, &f->path, e) < 0 ||
			field_size(item, "size", &f->size, e) < 0 ||
			field_digest(item, "sha256", &f->sha256, e) < 0 ||
			(json_has(item, "pieces") && parse_pieces(item, a, f, e) < 0))
			return err_wrap(e, "'files'");
	}
	return 0;
}

static int parse_deltas(
	const struct json *o, struct arena *a, struct doc_build *b, struct err *e)
{
	const struct json *array, *item;

	if (field_array(o, "deltas", DELTAS_MAX, &array, &b->delta_count, e) < 0)
		return -1;
	b->delta = arena_array(a, b->delta_count, sizeof(*b->delta));
	for (size_t i = 0; i < b->delta_count; i++) {
		struct doc_delta *d = &b->delta[i];

		if (field_object_at(array, i, &item, e) < 0 ||
			field_digest(item, "from", &d->from, e) < 0 ||
			field_path(item, "path", a, &d->path, e) < 0 ||
			field_size(item, "size", &d->size, e) < 0 ||
			field_digest(item, "sha256", &d->sha256, e) < 0)
			return err_wrap(e, "'deltas'");
	}
	return 0;
}

static int parse_max_ids(const struct json *o, struct doc_build *b, struct err *e)
{
	int64_t uid, gid;

	if (json_get_int(o, "max_uid", 0, UINT32_MAX, &uid, e) < 0 ||
		json_get_int(o, "max_gid", 0, UINT32_MAX, &gid, e) < 0)
		return -1;
	b->max_uid = (uint32_t)uid;
	b->max_gid = (uint32_t)gid;
	return 0;
}

static int parse_doc_build(
	const struct json *o, struct arena *a, struct doc_build *b, struct err *e)
{
	if (field_serial(o, "serial", b->serial, e) < 0 ||
		field_word(o, "state", build_states, &b->state, e) < 0 ||
		field_digest(o, "id", &b->id, e) < 0 ||
		field_digest(o, "diff_id", &b->diff_id, e) < 0 ||
		json_get_int(o, "created", 0, FIELD_INT_MAX, &b->created_s, e) < 0 ||
		json_get_int(o, "epoch", 0, FIELD_INT_MAX, &b->epoch_s, e) < 0 ||
		field_word(o, "tested", test_words, &b->tested, e) < 0 ||
		field_str(o, "origin", a, &b->origin, e) < 0 ||
		field_size(o, "entries", &b->entries, e) < 0 ||
		field_size(o, "unpacked_size", &b->unpacked_size, e) < 0)
		return -1;
	if (parse_max_ids(o, b, e) < 0 || field_str(o, "init", a, &b->init, e) < 0 ||
		field_str(o, "stop_signal", a, &b->stop_signal, e) < 0)
		return -1;
	if (parse_files(o, a, b, e) < 0)
		return -1;
	return parse_deltas(o, a, b, e);
}

static int parse_builds(const struct json *o, struct imagedoc *d, struct err *e)
{
	const struct json *array, *item;

	if (field_array(o, "builds", BUILDS_MAX, &array, &d->build_count, e) < 0)
		return -1;
	d->build = arena_array(&d->arena, d->build_count, sizeof(*d->build));
	for (size_t i = 0; i < d->build_count; i++) {
		if (field_object_at(array, i, &item, e) < 0 ||
			parse_doc_build(item, &d->arena, &d->build[i], e) < 0)
			return err_wrap(e, "build %zu", i + 1);
		if (i && serial_compare(d->build[i - 1].serial, d->build[i].serial) <= 0)
			return err_set(e, ERR_PARSE, "build '%s' is out of order",
				d->build[i].serial);
	}
	return 0;
}

static int parse_history(const struct json *o, struct imagedoc *d, struct err *e)
{
	const struct json *array, *item;

	if (field_array(o, "history", BUILDS_MAX, &array, &d->history_count, e) < 0)
		return -1;
	d->history = arena_array(&d->arena, d->history_count, sizeof(*d->history));
	for (size_t i = 0; i < d->history_count; i++) {
		struct doc_history *h = &d->history[i];

		if (field_object_at(array, i, &item, e) < 0 ||
			field_path(item, "path", &d->arena, &h->object.path, e) < 0 ||
			field_size(item, "size", &h->object.size, e) < 0 ||
			field_digest(item, "sha256", &h->object.sha256, e) < 0 ||
			field_str(item, "first", &d->arena, &h->first, e) < 0 ||
			field_str(item, "last", &d->arena, &h->last, e) < 0)
			return err_wrap(e, "'history'");
	}
	return 0;
}

static int parse_head(const struct json *o, struct imagedoc *d, struct err *e)
{
	struct arena *a = &d->arena;
	const char *image;

	if (field_schema(o, e) < 0 || json_get_str(o, "image", &image, e) < 0)
		return -1;
	if (image_parse(image, &d->image, e) < 0)
		return err_wrap(e, "'image'");
	if (field_word(o, "state", image_states, &d->state, e) < 0 ||
		field_strings(o, "aliases", STRINGS_MAX, a, &d->alias, &d->alias_count,
			e) < 0 ||
		field_str(o, "eol", a, &d->eol, e) < 0 ||
		field_str(o, "description", a, &d->description, e) < 0)
		return -1;
	return json_get_int(o, "expiry_days", 0, 36500, &d->expiry_days, e);
}

int imagedoc_parse(struct bytes json, struct imagedoc *out, struct err *e)
{
	auto_json struct json_doc *doc = NULL;
	auto_imagedoc struct imagedoc d = { .state = "" };
	const struct json *o;

	if (json.len > IMAGE_DOC_MAX)
		return err_set(e, ERR_LIMIT, "image document is larger than %u bytes",
			IMAGE_DOC_MAX);
	if (json_open(json, &doc, e) < 0 || json_root(doc, &o, e) < 0 ||
		parse_head(o, &d, e) < 0 || parse_builds(o, &d, e) < 0 ||
		parse_history(o, &d, e) < 0 ||
		field_strings(o, "pins", STRINGS_MAX, &d.arena, &d.pin, &d.pin_count, e) <
			0 ||
		field_strings(
			o, "holds", STRINGS_MAX, &d.arena, &d.hold, &d.hold_count, e) < 0)
		return err_wrap(e, "image document");
	*out = d;
	d.arena.head = NULL;
	return 0;
}

/* ---- writing */

static void write_digest(struct jsonw *w, const char *key, const struct digest *d)
{
	char hex[DIGEST_HEX];

	digest_hex(d, hex);
	jsonw_kstr(w, key, hex);
}

static void write_strings(
	struct jsonw *w, const char *key, const char *const *text, size_t count)
{
	jsonw_key(w, key);
	jsonw_array(w);
	for (size_t i = 0; i < count; i++)
		jsonw_str(w, text[i]);
	jsonw_end_array(w);
}

static void write_object(
	struct jsonw *w, const char *path, uint64_t size, const struct digest *sha256)
{
	jsonw_kstr(w, "path", path);
	jsonw_kint(w, "size", (int64_t)size);
	write_digest(w, "sha256", sha256);
}

static void write_pieces(struct jsonw *w, const struct pieces *p)
{
	jsonw_key(w, "pieces");
	jsonw_array(w);
	for (size_t i = 0; i < p->count; i++) {
		char hex[DIGEST_HEX];

		digest_hex(&p->sha256[i], hex);
		jsonw_str(w, hex);
	}
	jsonw_end_array(w);
}

static void write_files(struct jsonw *w, const struct doc_build *b)
{
	jsonw_key(w, "files");
	jsonw_array(w);
	for (size_t i = 0; i < b->file_count; i++) {
		jsonw_object(w);
		jsonw_kstr(w, "name", b->file[i].name);
		write_object(w, b->file[i].path, b->file[i].size, &b->file[i].sha256);
		if (b->file[i].pieces)
			write_pieces(w, b->file[i].pieces);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
	jsonw_key(w, "deltas");
	jsonw_array(w);
	for (size_t i = 0; i < b->delta_count; i++) {
		jsonw_object(w);
		write_digest(w, "from", &b->delta[i].from);
		write_object(w, b->delta[i].path, b->delta[i].size, &b->delta[i].sha256);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

static void write_build(struct jsonw *w, const struct doc_build *b)
{
	jsonw_object(w);
	jsonw_kstr(w, "serial", b->serial);
	jsonw_kstr(w, "state", b->state);
	write_digest(w, "id", &b->id);
	write_digest(w, "diff_id", &b->diff_id);
	jsonw_kint(w, "created", b->created_s);
	jsonw_kint(w, "epoch", b->epoch_s);
	jsonw_kstr(w, "tested", b->tested);
	jsonw_kstr(w, "origin", b->origin);
	jsonw_kint(w, "entries", (int64_t)b->entries);
	jsonw_kint(w, "unpacked_size", (int64_t)b->unpacked_size);
	jsonw_kint(w, "max_uid", b->max_uid);
	jsonw_kint(w, "max_gid", b->max_gid);
	jsonw_kstr(w, "init", b->init);
	jsonw_kstr(w, "stop_signal", b->stop_signal);
	write_files(w, b);
	jsonw_end_object(w);
}

int imagedoc_format(const struct imagedoc *d, struct buf *out, struct err *e)
{
	struct jsonw w = jsonw_to(out);
	char name[IMAGE_NAME_MAX];

	image_format(&d->image, name);
	jsonw_object(&w);
	jsonw_kint(&w, "schema", 1);
	jsonw_kstr(&w, "image", name);
	jsonw_kstr(&w, "state", d->state);
	write_strings(&w, "aliases", d->alias, d->alias_count);
	jsonw_kstr(&w, "eol", d->eol);
	jsonw_kstr(&w, "description", d->description);
	jsonw_kint(&w, "expiry_days", d->expiry_days);
	jsonw_key(&w, "builds");
	jsonw_array(&w);
	for (size_t i = 0; i < d->build_count; i++)
		write_build(&w, &d->build[i]);
	jsonw_end_array(&w);
	jsonw_key(&w, "history");
	jsonw_array(&w);
	for (size_t i = 0; i < d->history_count; i++) {
		const struct doc_history *h = &d->history[i];

		jsonw_object(&w);
		write_object(&w, h->object.path, h->object.size, &h->object.sha256);
		jsonw_kstr(&w, "first", h->first);
		jsonw_kstr(&w, "last", h->last);
		jsonw_end_object(&w);
	}
	jsonw_end_array(&w);
	write_strings(&w, "pins", d->pin, d->pin_count);
	write_strings(&w, "holds", d->hold, d->hold_count);
	jsonw_end_object(&w);
	buf_add_byte(out, '\n');
	return buf_check(out, "image document", e);
}

/* ---- finding */

const struct doc_build *imagedoc_build(
	const struct imagedoc *d, const char *serial, const char *id)
{
	for (size_t i = 0; i < d->build_count; i++) {
		const struct doc_build *b = &d->build[i];
		char hex[DIGEST_HEX];

		digest_hex(&b->id, hex);
		if (serial[0] && serial_compare(serial, b->serial) != 0)
			continue;
		if (id[0] && strcmp(id, hex) != 0)
			continue;
		if (!serial[0] && !id[0] && strcmp(b->state, "active") != 0)
			continue;
		return b;
	}
	return NULL;
}

const struct doc_file *doc_build_file(const struct doc_build *b, const char *name)
{
	for (size_t i = 0; i < b->file_count; i++)
		if (strcmp(b->file[i].name, name) == 0)
			return &b->file[i];
	return NULL;
}
