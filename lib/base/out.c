#include "lib/base/out.h"

#include "lib/base/jsonw.h"

#include <stdarg.h>
#include <time.h>

#define REDRAW_MS    100
#define JSON_MS      1000
#define STEP_TEXT    512
#define RED          "\033[31m"
#define YELLOW       "\033[33m"
#define COLOR_OFF    "\033[0m"
#define ERASE_TO_END "\033[K"

void out_init(struct out *o, const char *program)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");
	bool terminal = isatty(STDERR_FILENO) == 1;
	bool dumb = !term || strcmp(term, "dumb") == 0;

	*o = (struct out){
		.program = program,
		.results = stdout,
		.messages = stderr,
		.color = terminal && !dumb && !(no_color && *no_color),
		.redraw = terminal && !dumb,
	};
}

void out_set_progress(struct out *o, enum out_progress progress)
{
	o->progress = progress;
	if (progress != OUT_PROGRESS_AUTO)
		o->redraw = false;
	else if (!o->redraw)
		o->progress = OUT_PROGRESS_PLAIN;
}

static void clear_line(struct out *o)
{
	if (o->drawn_width == 0)
		return;
	fputs("\r" ERASE_TO_END, o->messages);
	o->drawn_width = 0;
	o->drawn_ms = 0;
}

/* err_vset escapes what a terminal must not be sent: one rule for every message. */
static void printf_like(4, 0) message(
	struct out *o, const char *color, const char *kind, const char *fmt, va_list ap)
{
	struct err text;
	bool colored = o->color && *color;

	err_vset(&text, ERR_FAILED, fmt, ap);
	clear_line(o);
	fprintf(o->messages, "%s: %s%s%s%s\n", o->program, colored ? color : "", kind,
		colored ? COLOR_OFF : "", text.text);
}

void out_result(struct out *o, const char *fmt, ...)
{
	va_list ap;

	if (o->drawn_width > 0)
		clear_line(o);
	va_start(ap, fmt);
	if (vfprintf(o->results, fmt, ap) < 0 && o->write_errno == 0)
		o->write_errno = errno;
	va_end(ap);
}

void out_note(struct out *o, const char *fmt, ...)
{
	va_list ap;

	if (o->level < 0)
		return;
	va_start(ap, fmt);
	message(o, "", "", fmt, ap);
	va_end(ap);
}

void out_detail(struct out *o, const char *fmt, ...)
{
	va_list ap;

	if (o->level < 1)
		return;
	va_start(ap, fmt);
	message(o, "", "", fmt, ap);
	va_end(ap);
}

void out_warn(struct out *o, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(o, YELLOW, "warning: ", fmt, ap);
	va_end(ap);
}

void out_error(struct out *o, const struct err *e)
{
	clear_line(o);
	fprintf(o->messages, "%s%s:%s %s\n", o->color ? RED : "", o->program,
		o->color ? COLOR_OFF : "", e->text);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

struct pace {
	uint64_t per_s, left_s; /* 0: not known */
};

/* From the first second on; what an earlier run left was not carried in this one. */
static struct pace pace_of(const struct out *o, uint64_t now, uint64_t total)
{
	int64_t ms = now_ms() - o->began_ms;
	struct pace p = { 0 };

	if (ms < 1000 || now <= o->began_at)
		return p;
	p.per_s = (uint64_t)((double)(now - o->began_at) * 1000 / (double)ms);
	if (p.per_s > 0 && total > now)
		p.left_s = (total - now + p.per_s - 1) / p.per_s;
	return p;
}

static void step_json(struct out *o, const char *step, const uint64_t *now,
	uint64_t total, const char *text)
{
	struct pace pace = { 0 };

	struct buf line auto_buf = BUF_INIT(8192);
	struct jsonw w = jsonw_to(&line);

	jsonw_object(&w);
	jsonw_kstr(&w, "step", step);
	if (now) {
		jsonw_kint(&w, "now", (int64_t)*now);
		jsonw_kint(&w, "total", (int64_t)total);
		pace = pace_of(o, *now, total);
		if (pace.per_s)
			jsonw_kint(&w, "per_s", (int64_t)pace.per_s);
		if (pace.left_s)
			jsonw_kint(&w, "left_s", (int64_t)pace.left_s);
	}
	jsonw_kbool(&w, "done", text != NULL);
	if (text)
		jsonw_kstr(&w, "text", text);
	jsonw_end_object(&w);
	fprintf(o->messages, "%s\n", buf_str(&line));
}

static void amount(uint64_t n, const char *unit, char *text, size_t text_size)
{
	if (strcmp(unit, "B") == 0)
		out_size(n, text, text_size);
	else
		snprintf(text, text_size, "%llu%s%s", (unsigned long long)n,
			*unit ? " " : "", unit);
}

/* ", 11.2 MB/s, 7 s left"; returns its width. */
static int step_pace(
	const struct out *o, uint64_t now, uint64_t total, char *to, size_t to_size)
{
	struct pace p = pace_of(o, now, total);
	char rate[64];
	int width;

	if (!p.per_s)
		return 0;
	width = snprintf(to, to_size, ", %s/s", out_size(p.per_s, rate, sizeof(rate)));
	if (!p.left_s || width < 0 || (size_t)width >= to_size)
		return width < 0 ? 0 : width;
	to += width;
	to_size -= (size_t)width;
	if (p.left_s < 60)
		return width + snprintf(to, to_size, ", %llu s left",
				       (unsigned long long)p.left_s);
	return width + snprintf(to, to_size, ", %llu min left",
			       (unsigned long long)(p.left_s + 59) / 60);
}

static void step_redraw(
	struct out *o, const char *step, uint64_t now, uint64_t total, const char *unit)
{
	char done[64], of[64] = "", line[STEP_TEXT];
	int width;

	amount(now, unit, done, sizeof(done));
	if (total > 0)
		amount(total, unit, of, sizeof(of));
	width = snprintf(
		line, sizeof(line), "%s: %s%s%s", step, done, *of ? " of " : "", of);
	if (width < 0)
		return;
	if (total > 0 && (size_t)width < sizeof(line))
		width += snprintf(line + width, sizeof(line) - (size_t)width, " (%u%%)",
			(unsigned int)((double)now * 100 / (double)total));
	if ((size_t)width < sizeof(line) && strcmp(unit, "B") == 0)
		width += step_pace(
			o, now, total, line + width, sizeof(line) - (size_t)width);
	fprintf(o->messages, "\r%s" ERASE_TO_END, line);
	fflush(o->messages);
	o->drawn_width = (size_t)width;
}

void out_step(
	struct out *o, const char *step, uint64_t now, uint64_t total, const char *unit)
{
	bool json = o->progress == OUT_PROGRESS_JSON;
	int64_t at_ms;

	if (o->level < 0 || (!json && !o->redraw))
		return;
	at_ms = now_ms();
	if (o->drawn_ms == 0 || now < o->began_at) {
		o->began_ms = at_ms;
		o->began_at = now;
	}
	if (o->drawn_ms != 0 && at_ms - o->drawn_ms < (json ? JSON_MS : REDRAW_MS))
		return;
	o->drawn_ms = at_ms;
	if (json)
		step_json(o, step, &now, total, NULL);
	else
		step_redraw(o, step, now, total, unit);
}

void out_step_done(struct out *o, const char *step, const char *fmt, ...)
{
	struct err text;
	va_list ap;

	clear_line(o);
	o->drawn_ms = 0;
	if (o->level < 0 || o->progress == OUT_PROGRESS_NONE)
		return;
	va_start(ap, fmt);
	err_vset(&text, ERR_FAILED, fmt, ap);
	va_end(ap);
	if (o->progress == OUT_PROGRESS_JSON)
		step_json(o, step, NULL, 0, text.text);
	else
		fprintf(o->messages, "%s: %s\n", step, text.text);
}

const char *out_size(uint64_t bytes, char *text, size_t text_size)
{
	static const char *const unit[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	uint64_t one = 1; /* bytes in one unit */
	uint64_t tenths;
	size_t i = 0;

	/* 999.5 of a unit would print as 1000: the next unit is due there. */
	while (i + 1 < ARRAY_COUNT(unit) && bytes >= one * 1000 - (i > 0 ? one / 2 : 0)) {
		one *= 1000;
		i++;
	}
	if (i == 0) {
		snprintf(text, text_size, "%llu B", (unsigned long long)bytes);
		return text;
	}
	tenths = bytes / (one / 10) + (bytes % (one / 10) >= one / 20);
	if (tenths < 1000)
		snprintf(text, text_size, "%llu.%llu %s", (unsigned long long)tenths / 10,
			(unsigned long long)tenths % 10, unit[i]);
	else
		snprintf(text, text_size, "%llu %s",
			(unsigned long long)(bytes / one + (bytes % one >= one / 2)),
			unit[i]);
	return text;
}

int out_flush(struct out *o, struct err *e)
{
	if (fflush(o->results) != 0 && o->write_errno == 0)
		o->write_errno = errno;
	if (o->write_errno == 0 && !ferror(o->results))
		return 0;
	errno = o->write_errno ? o->write_errno : EIO;
	return err_sys(e, "cannot write the results");
}
