#include "lib/base/out.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* An output object whose two streams are memory. */
struct fixture {
	struct out out;
	char *results, *messages;
	size_t results_len, messages_len;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	out_init(&f->out, "prog");
	f->out.results = open_memstream(&f->results, &f->results_len);
	f->out.messages = open_memstream(&f->messages, &f->messages_len);
	f->out.color = f->out.redraw = false;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	fclose(f->out.results);
	fclose(f->out.messages);
	free(f->results);
	free(f->messages);
	free(f);
	return 0;
}

static const char *messages(struct fixture *f)
{
	fflush(f->out.messages);
	return f->messages;
}

static const char *results(struct fixture *f)
{
	fflush(f->out.results);
	return f->results;
}

static void results_and_messages_keep_apart(void **state)
{
	struct fixture *f = *state;

	out_result(&f->out, "%s;%d\n", "a", 1);
	out_note(&f->out, "did %d", 2);
	out_warn(&f->out, "beware");
	assert_string_equal(results(f), "a;1\n");
	assert_string_equal(messages(f), "prog: did 2\nprog: warning: beware\n");
}

static void quiet_hides_notes_and_keeps_warnings(void **state)
{
	struct fixture *f = *state;
	struct err e;

	f->out.level = -1;
	err_set(&e, ERR_FAILED, "cannot do it");
	out_note(&f->out, "note");
	out_detail(&f->out, "detail");
	out_step_done(&f->out, "step", "done");
	out_warn(&f->out, "warned");
	out_error(&f->out, &e);
	assert_string_equal(messages(f), "prog: warning: warned\nprog: cannot do it\n");
}

static void details_need_verbose(void **state)
{
	struct fixture *f = *state;

	out_detail(&f->out, "hidden");
	f->out.level = 1;
	out_detail(&f->out, "shown");
	assert_string_equal(messages(f), "prog: shown\n");
}

static void messages_escape_terminal_codes(void **state)
{
	struct fixture *f = *state;

	out_note(&f->out, "name '%s'", "a\033[2Jb\nc");
	assert_string_equal(messages(f), "prog: name 'a\\x1b[2Jb\\x0ac'\n");
}

static void warnings_are_colored_only_when_asked(void **state)
{
	struct fixture *f = *state;

	f->out.color = true;
	out_warn(&f->out, "x");
	assert_string_equal(messages(f), "prog: \033[33mwarning: \033[0mx\n");
}

static void plain_progress_is_one_line_per_finished_step(void **state)
{
	struct fixture *f = *state;

	out_set_progress(&f->out, OUT_PROGRESS_AUTO);
	assert_int_equal(f->out.progress, OUT_PROGRESS_PLAIN);
	out_step(&f->out, "pull", 1, 10, "B");
	out_step(&f->out, "pull", 10, 10, "B");
	out_step_done(&f->out, "pull", "%d bytes", 10);
	assert_string_equal(messages(f), "pull: 10 bytes\n");
}

static void no_progress_says_nothing(void **state)
{
	struct fixture *f = *state;

	out_set_progress(&f->out, OUT_PROGRESS_NONE);
	out_step(&f->out, "pull", 1, 10, "B");
	out_step_done(&f->out, "pull", "ok");
	assert_string_equal(messages(f), "");
}

static void json_progress_is_one_object_a_line(void **state)
{
	struct fixture *f = *state;

	out_set_progress(&f->out, OUT_PROGRESS_JSON);
	out_step(&f->out, "pull", 5, 10, "B");
	out_step_done(&f->out, "pull", "say \"hi\"");
	assert_string_equal(messages(f),
		"{\"step\":\"pull\",\"now\":5,\"total\":10,\"done\":false}\n"
		"{\"step\":\"pull\",\"done\":true,\"text\":\"say \\\"hi\\\"\"}\n");
}

/* What was there before the step began was not carried in it. */
static void progress_tells_the_rate_and_the_time_left(void **state)
{
	struct fixture *f = *state;

	out_set_progress(&f->out, OUT_PROGRESS_AUTO);
	f->out.redraw = true;
	f->out.drawn_ms = f->out.began_ms = 1; /* long ago */
	f->out.began_at = 1000;
	out_step(&f->out, "pull", 1000, 1000000, "B");
	assert_null(strstr(messages(f), "/s"));
	f->out.drawn_ms = 1;
	out_step(&f->out, "pull", UINT64_C(1) << 50, UINT64_C(1) << 51, "B");
	assert_non_null(strstr(messages(f), "B/s, "));
	assert_non_null(strstr(messages(f), " left"));
}

static void terminal_progress_is_redrawn_and_cleared(void **state)
{
	struct fixture *f = *state;

	f->out.redraw = true;
	out_set_progress(&f->out, OUT_PROGRESS_AUTO);
	assert_int_equal(f->out.progress, OUT_PROGRESS_AUTO);
	out_step(&f->out, "pull", 5000, 10000, "B");
	out_step(&f->out, "pull", 5001, 10000, "B"); /* too soon to draw again */
	out_step_done(&f->out, "pull", "ok");
	assert_string_equal(
		messages(f), "\rpull: 5.0 kB of 10.0 kB (50%)\033[K\r\033[Kpull: ok\n");
}

static void a_message_clears_the_drawn_line_first(void **state)
{
	struct fixture *f = *state;

	f->out.redraw = true;
	out_step(&f->out, "scan", 3, 0, "files");
	out_note(&f->out, "hello");
	assert_string_equal(messages(f), "\rscan: 3 files\033[K\r\033[Kprog: hello\n");
}

static void a_wild_total_is_no_trouble(void **state)
{
	struct fixture *f = *state;

	f->out.redraw = true;
	out_step(&f->out, "x", UINT64_MAX, 1, "B");
	assert_non_null(strstr(messages(f), "of 1 B"));
}

static void sizes_are_decimal_and_round_upwards_a_unit(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} facts[] = {
		{ 0, "0 B" },
		{ 17, "17 B" },
		{ 999, "999 B" },
		{ 1000, "1.0 kB" },
		{ 1500, "1.5 kB" },
		{ 99949, "99.9 kB" },
		{ 99950, "100 kB" },
		{ 840000, "840 kB" },
		{ 999499, "999 kB" },
		{ 999500, "1.0 MB" },
		{ 12300000, "12.3 MB" },
		{ 401000000, "401 MB" },
		{ 2000000000, "2.0 GB" },
		{ UINT64_MAX, "18.4 EB" },
	};
	char text[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(facts); i++)
		assert_string_equal(
			out_size(facts[i].bytes, text, sizeof(text)), facts[i].text);
}

static void flush_tells_a_full_disk(void **state)
{
	struct fixture *f = *state;
	FILE *memory = f->out.results;
	struct err e;

	f->out.results = fopen("/dev/full", "we");
	assert_non_null(f->out.results);
	out_result(&f->out, "lost\n");
	assert_int_equal(out_flush(&f->out, &e), -1);
	assert_int_equal(e.code, ERR_NOSPACE);
	assert_int_equal(err_exit_status(&e), 5);
	fclose(f->out.results);
	f->out.results = memory;
}

/* The buffer went out, and failed, long before the end. */
static void flush_remembers_an_early_failure(void **state)
{
	struct fixture *f = *state;
	FILE *memory = f->out.results;
	struct err e;

	f->out.results = fopen("/dev/full", "we");
	assert_non_null(f->out.results);
	setvbuf(f->out.results, NULL, _IONBF, 0);
	out_result(&f->out, "lost\n");
	errno = 0;
	assert_int_equal(out_flush(&f->out, &e), -1);
	assert_int_equal(e.code, ERR_NOSPACE);
	fclose(f->out.results);
	f->out.results = memory;
}

static void flush_is_quiet_when_all_is_written(void **state)
{
	struct fixture *f = *state;
	struct err e;

	out_result(&f->out, "kept\n");
	assert_int_equal(out_flush(&f->out, &e), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(results_and_messages_keep_apart),
		T(quiet_hides_notes_and_keeps_warnings),
		T(details_need_verbose),
		T(messages_escape_terminal_codes),
		T(warnings_are_colored_only_when_asked),
		T(plain_progress_is_one_line_per_finished_step),
		T(no_progress_says_nothing),
		T(json_progress_is_one_object_a_line),
		T(progress_tells_the_rate_and_the_time_left),
		T(terminal_progress_is_redrawn_and_cleared),
		T(a_message_clears_the_drawn_line_first),
		T(a_wild_total_is_no_trouble),
		T(sizes_are_decimal_and_round_upwards_a_unit),
		T(flush_tells_a_full_disk),
		T(flush_remembers_an_early_failure),
		T(flush_is_quiet_when_all_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
