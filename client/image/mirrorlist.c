#include "client/image/mirrorlist.h"

#include <inttypes.h>

#define HEAD "rootyard-mirror 1"

void mirrorlist_release(struct mirrorlist *l)
{
	arena_release(&l->arena);
	free(l->line);
	free(l->by_content);
	memset(l, 0, sizeof(*l));
}

void mirrorlist_add(
	struct mirrorlist *l, const struct trust_object *content, int64_t since_s)
{
	struct mirrorline *line;

	if (l->count == l->room) {
		l->room = l->room ? l->room * 2 : 256;
		l->line = xrealloc(l->line, l->room * sizeof(*l->line));
	}
	line = &l->line[l->count++];
	line->content = *content;
	line->content.path = arena_strdup(&l->arena, content->path);
	line->since_s = since_s;
}

/* ---- order */

static int by_path(const void *a, const void *b)
{
	const struct mirrorline *x = a, *y = b;

	return strcmp(x->content.path, y->content.path);
}

static int by_path_and_use(const void *a, const void *b)
{
	const struct mirrorline *x = a, *y = b;
	int c = by_path(a, b);

	return c ? c : (x->since_s > y->since_s) - (x->since_s < y->since_s);
}

static int compare_content(const struct trust_object *a, const struct trust_object *b)
{
	int c = memcmp(a->sha256.byte, b->sha256.byte, DIGEST_SIZE);

	return c ? c : (a->size > b->size) - (a->size < b->size);
}

static int by_content(const void *a, const void *b)
{
	const struct mirrorline *x = *(const struct mirrorline *const *)a;
	const struct mirrorline *y = *(const struct mirrorline *const *)b;

	return compare_content(&x->content, &y->content);
}

void mirrorlist_sort(struct mirrorlist *l)
{
	size_t kept = 0;

	if (l->count)
		qsort(l->line, l->count, sizeof(*l->line), by_path_and_use);
	for (size_t i = 0; i < l->count; i++)
		if (kept == 0 || by_path(&l->line[kept - 1], &l->line[i]) != 0)
			l->line[kept++] = l->line[i];
	l->count = kept;
	free(l->by_content);
	l->by_content = xcalloc(kept + 1, sizeof(const struct mirrorline *));
	for (size_t i = 0; i < kept; i++)
		l->by_content[i] = &l->line[i];
	if (kept)
		qsort(l->by_content, kept, sizeof(*l->by_content), by_content);
}

const struct mirrorline *mirrorlist_find(const struct mirrorlist *l, const char *path)
{
	const struct mirrorline key = { .content = { .path = path } };

	if (l->count == 0)
		return NULL;
	return bsearch(&key, l->line, l->count, sizeof(*l->line), by_path);
}

const struct mirrorline *const *mirrorlist_find_content(const struct mirrorlist *l,
	const struct trust_object *content, const struct mirrorline *const **end)
{
	size_t low = 0, high = l->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (compare_content(&l->by_content[mid]->content, content) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (high = low; high < l->count; high++)
		if (compare_content(&l->by_content[high]->content, content) != 0)
			break;
	*end = &l->by_content[high];
	return &l->by_content[low];
}

/* ---- text */

static int damaged(size_t number, struct err *e)
{
	return err_set(e, ERR_DAMAGED,
		"line %zu of the list of this mirror's files is not what was written: "
		"remove it, and the next run reads every file",
		number);
}

/* The word before the next blank, or the rest of the line; NULL when there is none. */
static char *take_word(char **at, char until)
{
	char *word = *at, *end = strchr(word, until);

	if (!end || end == word)
		return NULL;
	*end = '\0';
	*at = end + 1;
	return word;
}

static bool take_number(char **at, char until, int64_t *out)
{
	const char *word = take_word(at, until);
	char *end;

	if (!word || strlen(word) > 18)
		return false;
	*out = strtoll(word, &end, 10);
	return *end == '\0' && *out >= 0;
}

static bool parse_head(char **at, struct mirrorlist *l)
{
	if (strncmp(*at, HEAD " ", sizeof(HEAD)) != 0)
		return false;
	*at += sizeof(HEAD);
	l->kind = take_word(at, ' ');
	l->source = l->kind ? take_word(at, ' ') : NULL;
	return l->source && take_number(at, '\n', &l->keys);
}

static bool parse_line(char **at, struct mirrorlist *l)
{
	struct trust_object c = { 0 };
	const char *hex = take_word(at, ' ');
	int64_t size, since_s;
	struct relpath path;
	struct err ignored;

	if (!hex || digest_parse(hex, &c.sha256, &ignored) < 0 ||
		!take_number(at, ' ', &size) || !take_number(at, ' ', &since_s))
		return false;
	c.size = (uint64_t)size;
	c.path = take_word(at, '\n');
	if (!c.path || relpath_parse(c.path, &path, &ignored) < 0)
		return false;
	mirrorlist_add(l, &c, since_s);
	return true;
}

int mirrorlist_parse(struct bytes text, struct mirrorlist *out, struct err *e)
{
	auto_mirrorlist struct mirrorlist l = { 0 };
	char *at = arena_strndup(&l.arena, text.data, text.len);
	size_t number = 1;

	if (strlen(at) != text.len || !parse_head(&at, &l))
		return damaged(number, e);
	while (*at) {
		number++;
		if (!parse_line(&at, &l))
			return damaged(number, e);
	}
	mirrorlist_sort(&l);
	*out = l;
	memset(&l, 0, sizeof(l));
	return 0;
}

void mirrorlist_format(const struct mirrorlist *l, struct buf *out)
{
	buf_printf(out, HEAD " %s %s %" PRId64 "\n", l->kind, l->source, l->keys);
	for (size_t i = 0; i < l->count; i++) {
		const struct mirrorline *line = &l->line[i];
		char hex[DIGEST_HEX];

		digest_hex(&line->content.sha256, hex);
		buf_printf(out, "%s %" PRIu64 " %" PRId64 " %s\n", hex,
			line->content.size, line->since_s, line->content.path);
	}
}
