#include "builder/journal.h"

#include "lib/adapt/json.h"
#include "lib/base/fs.h"
#include "lib/base/jsonw.h"

#include <fcntl.h>

#define JOURNAL_MAX (16U << 20)
#define LINE_BYTES  8192
#define NIGHT_S     86400

/* ---- reading */

static int read_head(const struct json *o, int64_t now_s, int64_t *start_s, struct err *e)
{
	int64_t schema;

	if (json_get_int(o, "schema", 1, 1, &schema, e) < 0 ||
		json_get_int(o, "started", 0, now_s + NIGHT_S, start_s, e) < 0)
		return -1;
	return now_s - *start_s < NIGHT_S ? 0 : err_set(e, ERR_AGAIN, "another night's");
}

static int copy_str(
	const struct json *o, const char *key, char *out, size_t size, struct err *e)
{
	const char *text;

	if (json_get_str(o, key, &text, e) < 0)
		return -1;
	snprintf(out, size, "%s", text);
	return 0;
}

static int read_result(const struct json *o, struct night_result *r, struct err *e)
{
	if (copy_str(o, "outcome", r->outcome, sizeof(r->outcome), e) < 0 ||
		copy_str(o, "class", r->class, sizeof(r->class), e) < 0 ||
		copy_str(o, "serial", r->serial, sizeof(r->serial), e) < 0 ||
		copy_str(o, "id", r->id, sizeof(r->id), e) < 0 ||
		copy_str(o, "message", r->message, sizeof(r->message), e) < 0)
		return -1;
	return json_get_int(o, "status", 0, 255, &r->status, e) < 0 ||
			       json_get_int(o, "tries", 0, 1000, &r->tries, e) < 0 ||
			       json_get_int(o, "ms", 0, INT64_C(1) << 50, &r->ms, e) <
				       0 ||
			       json_get_int(o, "size", 0, INT64_C(1) << 52,
				       &r->size_bytes, e) < 0
		       ? -1
		       : 0;
}

static void carry(struct night *n, const struct json *o)
{
	struct night_result r = { .tries = 0 };
	const char *name;
	struct err ignored;

	if (json_get_str(o, "image", &name, &ignored) < 0 ||
		read_result(o, &r, &ignored) < 0)
		return;
	for (size_t i = 0; i < n->count; i++)
		if (strcmp(n->entry[i].cell->name, name) == 0) {
			n->entry[i].state = NIGHT_DONE;
			n->entry[i].is_carried = true;
			n->entry[i].result = r;
		}
}

/* false: not this night's. */
static bool read_line(struct night *n, struct bytes line, bool first, int64_t now_s)
{
	auto_json struct json_doc *doc = NULL;
	const struct json *root;
	struct err ignored;

	if (json_open(line, &doc, &ignored) < 0 || json_root(doc, &root, &ignored) < 0)
		return false;
	if (first)
		return read_head(root, now_s, &n->start_s, &ignored) == 0;
	carry(n, root);
	return true;
}

static bool go_on(struct night *n, struct bytes text, int64_t now_s, size_t *used)
{
	*used = 0;
	while (*used < text.len) {
		const unsigned char *at = text.data + *used;
		const unsigned char *nl = memchr(at, '\n', text.len - *used);

		if (!nl ||
			!read_line(n, bytes_of(at, (size_t)(nl - at)), *used == 0, now_s))
			break;
		*used = (size_t)(nl + 1 - text.data);
	}
	return *used > 0;
}

/* ---- writing */

static int append(struct night *n, struct buf *line, struct err *e)
{
	buf_add_byte(line, '\n');
	if (buf_check(line, "a line of the journal", e) < 0 ||
		fs_write_all(n->journal_fd, buf_str(line), line->len, e) < 0)
		return -1;
	return fs_sync(n->journal_fd, JOURNAL_NAME, e);
}

static int begin(struct night *n, struct err *e)
{
	auto_buf struct buf line = BUF_INIT(LINE_BYTES);
	struct jsonw w = jsonw_to(&line);

	jsonw_object(&w);
	jsonw_kint(&w, "schema", 1);
	jsonw_kint(&w, "started", n->start_s);
	jsonw_end_object(&w);
	if (append(n, &line, e) < 0)
		return -1;
	return fs_sync(n->dir, "nightly", e);
}

int journal_open(struct night *n, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(JOURNAL_MAX);
	int64_t now_s = n->start_s;
	size_t used = 0;

	n->journal_fd = fs_open_beneath(
		n->dir, JOURNAL_NAME, O_RDWR | O_CREAT | O_APPEND, 0644, e);
	if (n->journal_fd < 0 || fs_read_fd(n->journal_fd, JOURNAL_NAME, &text, e) < 0)
		return -1;
	if (!go_on(n, buf_bytes(&text), now_s, &used))
		n->start_s = now_s;
	if (ftruncate(n->journal_fd, (off_t)used) < 0)
		return err_sys(e, "cannot shorten the journal");
	return used ? 0 : begin(n, e);
}

int journal_add(struct night *n, const struct night_entry *entry, struct err *e)
{
	const struct night_result *r = &entry->result;
	auto_buf struct buf line = BUF_INIT(LINE_BYTES);
	struct jsonw w = jsonw_to(&line);

	jsonw_object(&w);
	jsonw_kstr(&w, "image", entry->cell->name);
	jsonw_kstr(&w, "outcome", r->outcome);
	jsonw_kstr(&w, "class", r->class);
	jsonw_kstr(&w, "serial", r->serial);
	jsonw_kstr(&w, "id", r->id);
	jsonw_kint(&w, "status", r->status);
	jsonw_kint(&w, "tries", r->tries);
	jsonw_kint(&w, "ms", r->ms);
	jsonw_kint(&w, "size", r->size_bytes);
	jsonw_kstr(&w, "message", r->message);
	jsonw_end_object(&w);
	return append(n, &line, e);
}

int journal_end(struct night *n, struct err *e)
{
	close(n->journal_fd);
	n->journal_fd = -1;
	if (unlinkat(n->dir, JOURNAL_NAME, 0) < 0)
		return err_sys(e, "cannot remove the journal");
	return fs_sync(n->dir, "nightly", e);
}
