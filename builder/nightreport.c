#include "builder/nightreport.h"

#include "builder/place.h"

#include "lib/base/atomic.h"
#include "lib/base/fs.h"
#include "lib/base/html.h"
#include "lib/base/jsonw.h"

#include <libgen.h>

#define REPORT_MAX (64U << 20)

static const char *const outcomes[] = { "built", "unchanged", "failed" };
static const char *const classes[] = { "ok", "flaky", "upstream", "recipe", "test",
	"internal" };

static size_t count_outcome(const struct night *n, const char *outcome)
{
	size_t count = 0;

	for (size_t i = 0; i < n->count; i++)
		count += strcmp(n->entry[i].result.outcome, outcome) == 0;
	return count;
}

static size_t count_class(const struct night *n, const char *class)
{
	size_t count = 0;

	for (size_t i = 0; i < n->count; i++)
		count += strcmp(n->entry[i].result.class, class) == 0;
	return count;
}

static bool is_failed(const struct night_result *r)
{
	return strcmp(r->outcome, "failed") == 0;
}

int nightreport_status(const struct night *n)
{
	int64_t status = 0;

	for (size_t i = 0; i < n->count; i++) {
		const struct night_result *r = &n->entry[i].result;

		if (!is_failed(r))
			continue;
		if (status && status != r->status)
			return 1;
		status = r->status ? r->status : 1;
	}
	return (int)status;
}

/* ---- for people */

void nightreport_text(const struct night *n, struct buf *out)
{
	for (size_t i = 0; i < n->count; i++) {
		const struct night_result *r = &n->entry[i].result;

		buf_printf(out, "%-44s %-9s %-8s %s\n", n->entry[i].cell->name,
			r->outcome, r->class, is_failed(r) ? r->message : r->serial);
	}
	buf_printf(out, "%zu images", n->count);
	for (size_t i = 0; i < ARRAY_COUNT(outcomes); i++)
		buf_printf(out, ", %zu %s", count_outcome(n, outcomes[i]), outcomes[i]);
	if (count_class(n, "flaky"))
		buf_printf(out, ", %zu flaky", count_class(n, "flaky"));
	buf_printf(out, " in %lld s\n", (long long)(n->end_s - n->start_s));
}

/* ---- for programs */

static void say_entry(struct jsonw *w, const struct night_entry *entry)
{
	const struct night_result *r = &entry->result;

	jsonw_object(w);
	jsonw_kstr(w, "image", entry->cell->name);
	jsonw_kstr(w, "outcome", r->outcome);
	jsonw_kstr(w, "class", r->class);
	jsonw_kint(w, "status", r->status);
	jsonw_kstr(w, "serial", r->serial);
	jsonw_kstr(w, "id", r->id);
	jsonw_kint(w, "tries", r->tries);
	jsonw_kint(w, "ms", r->ms);
	jsonw_kint(w, "size", r->size_bytes);
	jsonw_kbool(w, "carried", entry->is_carried);
	jsonw_kstr(w, "message", r->message);
	jsonw_end_object(w);
}

void nightreport_json(const struct night *n, struct buf *out)
{
	struct jsonw w = jsonw_to(out);

	jsonw_object(&w);
	jsonw_kint(&w, "schema", 1);
	jsonw_kint(&w, "started", n->start_s);
	jsonw_kint(&w, "ended", n->end_s);
	jsonw_kint(&w, "status", nightreport_status(n));
	for (size_t i = 0; i < ARRAY_COUNT(outcomes); i++)
		jsonw_kint(&w, outcomes[i], (int64_t)count_outcome(n, outcomes[i]));
	jsonw_key(&w, "images");
	jsonw_array(&w);
	for (size_t i = 0; i < n->count; i++)
		say_entry(&w, &n->entry[i]);
	jsonw_end_array(&w);
	jsonw_end_object(&w);
	buf_add_byte(out, '\n');
}

/* ---- for CI */

static void add_seconds(struct buf *out, int64_t ms)
{
	buf_printf(out, "%lld.%03lld", (long long)ms / 1000, (long long)ms % 1000);
}

static void add_case(struct buf *out, const struct night_entry *entry)
{
	const struct night_result *r = &entry->result;

	buf_add_str(out, "    <testcase classname=\"rootyard.nightly\" name=\"");
	html_text(out, entry->cell->name);
	buf_add_str(out, "\" time=\"");
	add_seconds(out, r->ms);
	buf_add_str(out, "\">");
	if (is_failed(r)) {
		const char *kind =
			strcmp(r->class, "internal") == 0 ? "error" : "failure";

		buf_printf(out, "<%s type=\"%s\" message=\"", kind, r->class);
		html_text(out, r->message);
		buf_printf(out, "\"/>");
	} else if (strcmp(r->outcome, "unchanged") == 0) {
		buf_printf(out, "<skipped message=\"unchanged since %s\"/>", r->serial);
	}
	buf_add_str(out, "</testcase>\n");
}

void nightreport_junit(const struct night *n, struct buf *out)
{
	size_t failed = count_outcome(n, "failed"), internal = count_class(n, "internal");

	buf_add_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
	buf_printf(out,
		"  <testsuite name=\"rootyard nightly\" tests=\"%zu\" failures=\"%zu\" "
		"errors=\"%zu\" skipped=\"%zu\" time=\"%lld\">\n",
		n->count, failed - internal, internal, count_outcome(n, "unchanged"),
		(long long)(n->end_s - n->start_s));
	for (size_t i = 0; i < n->count; i++)
		add_case(out, &n->entry[i]);
	buf_add_str(out, "  </testsuite>\n</testsuites>\n");
}

/* ---- for node-exporter */

static void add_head(struct buf *out, const char *name, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

/* Which value of an entry a metric shows; false: none. */
typedef bool value_fn(const struct night_entry *entry, int64_t *out);

static bool value_succeeded(const struct night_entry *entry, int64_t *out)
{
	*out = !is_failed(&entry->result);
	return true;
}

static bool value_serial(const struct night_entry *entry, int64_t *out)
{
	struct err ignored;

	return !is_failed(&entry->result) &&
	       serial_to_time(entry->result.serial, out, &ignored) == 0;
}

static bool value_seconds(const struct night_entry *entry, int64_t *out)
{
	*out = entry->result.ms / 1000;
	return true;
}

static bool value_tries(const struct night_entry *entry, int64_t *out)
{
	*out = entry->result.tries;
	return true;
}

static const struct {
	const char *name, *help;
	value_fn *value;
} metrics[] = {
	{ "rootyard_nightly_image_success",
		"Whether the image is built or unchanged, by the last night.",
		value_succeeded },
	{ "rootyard_nightly_image_built_timestamp_seconds",
		"The serial of the newest good build.", value_serial },
	{ "rootyard_nightly_image_duration_seconds",
		"What the image took in the last night.", value_seconds },
	{ "rootyard_nightly_image_tries", "How often it was tried in the last night.",
		value_tries },
};

void nightreport_metrics(const struct night *n, struct buf *out)
{
	int64_t value;

	add_head(out, "rootyard_nightly_start_timestamp_seconds",
		"When the last night began.");
	buf_printf(out, "rootyard_nightly_start_timestamp_seconds %lld\n",
		(long long)n->start_s);
	add_head(out, "rootyard_nightly_end_timestamp_seconds",
		"When the last night ended.");
	buf_printf(out, "rootyard_nightly_end_timestamp_seconds %lld\n",
		(long long)n->end_s);
	add_head(out, "rootyard_nightly_images", "Images of the last night by class.");
	for (size_t i = 0; i < ARRAY_COUNT(classes); i++)
		buf_printf(out, "rootyard_nightly_images{class=\"%s\"} %zu\n", classes[i],
			count_class(n, classes[i]));
	for (size_t m = 0; m < ARRAY_COUNT(metrics); m++) {
		add_head(out, metrics[m].name, metrics[m].help);
		for (size_t i = 0; i < n->count; i++)
			if (metrics[m].value(&n->entry[i], &value))
				buf_printf(out, "%s{image=\"%s\",class=\"%s\"} %lld\n",
					metrics[m].name, n->entry[i].cell->name,
					n->entry[i].result.class, (long long)value);
	}
}

/* ---- all of them */

typedef void report_fn(const struct night *n, struct buf *out);

static int write_one(
	const struct night *n, int dir, const char *name, report_fn *make, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(REPORT_MAX);

	make(n, &text);
	if (buf_check(&text, name, e) < 0)
		return -1;
	return atomic_write_file(dir, name, buf_bytes(&text), 0644, e);
}

static int check_writable(int dir, const char *path, struct err *e)
{
	return faccessat(dir, ".", W_OK, 0) < 0
		       ? err_sys(e, "cannot write into '%s'", path)
		       : 0;
}

int nightreport_open(struct night *n, struct err *e)
{
	const char *report = n->values->report_dir, *file = n->values->metrics;

	if (report) {
		n->report_dir = place_open_made(report, e);
		if (n->report_dir < 0 || check_writable(n->report_dir, report, e) < 0)
			return -1;
	}
	if (file) {
		auto_free char *copy = xstrdup(file);
		const char *dir = dirname(copy);

		n->metrics_dir = fs_open_dir(dir, e);
		if (n->metrics_dir < 0 || check_writable(n->metrics_dir, dir, e) < 0)
			return -1;
	}
	return 0;
}

void nightreport_close(struct night *n)
{
	if (n->report_dir >= 0)
		close(n->report_dir);
	if (n->metrics_dir >= 0)
		close(n->metrics_dir);
	n->report_dir = n->metrics_dir = -1;
}

int nightreport_write(const struct night *n, struct err *e)
{
	static const struct {
		const char *name;
		report_fn *make;
	} files[] = { { "summary.txt", nightreport_text },
		{ "summary.json", nightreport_json },
		{ "junit.xml", nightreport_junit } };
	int dir = n->report_dir >= 0 ? n->report_dir : n->dir;
	auto_free char *path = xstrdup(n->values->metrics ? n->values->metrics : "");

	for (size_t i = 0; i < ARRAY_COUNT(files); i++)
		if (write_one(n, dir, files[i].name, files[i].make, e) < 0)
			return -1;
	if (n->metrics_dir < 0)
		return 0;
	return write_one(n, n->metrics_dir, basename(path), nightreport_metrics, e);
}
