/* night.h -- one night: every image of a matrix, what became of it so far, and what was
 * asked for.
 * Owns    the night owns its entries; borrows matrix, values and out */
#ifndef BUILDER_NIGHT_H
#define BUILDER_NIGHT_H

#include "builder/matrix.h"
#include "builder/order.h"

#define NIGHT_WORD_MAX    16
#define NIGHT_MESSAGE_MAX ERR_TEXT_MAX

enum night_state { NIGHT_WAITING, NIGHT_RUNNING, NIGHT_DONE };

/* What came of one image; travels through a pipe as it is. */
struct night_result {
	char outcome[NIGHT_WORD_MAX]; /* "built", "unchanged", "failed", "elsewhere" */
	char class[NIGHT_WORD_MAX];   /* as in build.json */
	char serial[SERIAL_MAX];
	char id[65];
	int64_t status; /* exit status of `build` */
	int64_t tries, ms, size_bytes;
	char message[NIGHT_MESSAGE_MAX]; /* the error, or why it was built */
	enum err_code code;              /* of a failure */
};

struct night_entry {
	const struct cell *cell;
	enum night_state state;
	bool is_carried; /* from the journal of a night that was killed */
	int64_t not_before_ms, start_ms;
	pid_t pid;
	int report_fd, words_fd;
	char word[160]; /* the last line it said */
	struct night_result result;
};

struct night_values {
	struct build_values build;
	int64_t jobs, tries, pause_s, keep, min_free;
	bool force;
	struct opt_list only;
	const char *report_dir, *metrics;
};

struct night {
	const struct night_values *values;
	struct out *out;
	struct night_entry *entry;
	size_t count;
	int64_t start_s, end_s;
	int dir;                     /* CACHE/nightly */
	int report_dir, metrics_dir; /* -1: nobody asked for one */
	int journal_fd;
	size_t drawn_lines; /* of the table on the terminal */
};

/* May it be tried again, after so many tries? */
bool night_may_retry(const struct night_result *r, int64_t tries_max) must_check nonnull;

size_t night_count(const struct night *n, enum night_state state) must_check nonnull;

#endif
