#include "builder/nighttable.h"

#include <sys/ioctl.h>

#define ERASE_TO_END  "\033[K"
#define ERASE_BELOW   "\033[J"
#define COLUMNS       80
#define COLUMNS_LEAST 40

static unsigned int columns_of(FILE *terminal)
{
	struct winsize size;

	if (ioctl(fileno(terminal), TIOCGWINSZ, &size) < 0 || size.ws_col < COLUMNS_LEAST)
		return COLUMNS;
	return size.ws_col;
}

void nighttable_clear(struct night *n)
{
	if (n->drawn_lines == 0)
		return;
	fprintf(n->out->messages, "\r\033[%zuA" ERASE_BELOW, n->drawn_lines);
	n->drawn_lines = 0;
	fflush(n->out->messages);
}

/* "elsewhere" counts as neither well nor ill. */
static size_t count_class(const struct night *n, const char *class)
{
	size_t count = 0;

	for (size_t i = 0; i < n->count; i++)
		count += n->entry[i].state == NIGHT_DONE &&
			 strcmp(n->entry[i].result.class, class) == 0;
	return count;
}

static void draw_summary(const struct night *n, unsigned int columns)
{
	static const char *const classes[] = { "ok", "flaky", "upstream", "recipe",
		"test", "internal" };
	auto_buf struct buf line = BUF_INIT(1024);

	buf_printf(&line, "%zu of %zu done", night_count(n, NIGHT_DONE), n->count);
	for (size_t i = 0; i < ARRAY_COUNT(classes); i++) {
		size_t count = count_class(n, classes[i]);

		if (count)
			buf_printf(&line, ", %zu %s", count, classes[i]);
	}
	fprintf(n->out->messages, "%.*s" ERASE_TO_END "\n", (int)columns - 1,
		buf_str(&line));
}

static void draw_entry(
	const struct night *n, const struct night_entry *entry, unsigned int columns)
{
	int64_t s = (job_clock() - entry->start_ms) / 1000;
	auto_free char *line = xasprintf("%-36s %3lld:%02lld  %s", entry->cell->name,
		(long long)s / 60, (long long)s % 60, entry->word);

	fprintf(n->out->messages, "%.*s" ERASE_TO_END "\n", (int)columns - 1, line);
}

void nighttable_draw(struct night *n)
{
	unsigned int columns;

	if (!n->out->redraw || n->out->level < 0)
		return;
	columns = columns_of(n->out->messages);
	nighttable_clear(n);
	for (size_t i = 0; i < n->count; i++)
		if (n->entry[i].state == NIGHT_RUNNING) {
			draw_entry(n, &n->entry[i], columns);
			n->drawn_lines++;
		}
	draw_summary(n, columns);
	n->drawn_lines++;
	fflush(n->out->messages);
}

void nighttable_retry(struct night *n, const struct night_entry *entry, int64_t pause_ms)
{
	nighttable_clear(n);
	out_note(n->out, "%s: try %lld failed (%s), again in %lld s: %s",
		entry->cell->name, (long long)entry->result.tries, entry->result.class,
		(long long)pause_ms / 1000, entry->result.message);
}

void nighttable_done(struct night *n, const struct night_entry *entry)
{
	const struct night_result *r = &entry->result;
	char size[32];

	nighttable_clear(n);
	if (strcmp(r->outcome, "failed") == 0)
		out_warn(n->out, "%s: %s: %s", entry->cell->name, r->class, r->message);
	else if (strcmp(r->outcome, "built") == 0)
		out_step_done(n->out, entry->cell->name, "%s, %s, %s, %lld.%01lld s",
			r->class, r->serial,
			out_size((uint64_t)r->size_bytes, size, sizeof(size)),
			(long long)r->ms / 1000, (long long)r->ms % 1000 / 100);
	else
		out_step_done(
			n->out, entry->cell->name, "%s since %s", r->outcome, r->serial);
}
