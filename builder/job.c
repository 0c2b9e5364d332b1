#include "builder/job.h"

#include "lib/base/fs.h"

#include <time.h>

#define SCRUBS_ROOM  64
#define TIMINGS_ROOM 32
#define CAUSE_MAX    (256 << 10)
#define LOG_LINE_MAX 2048
#define FULL_BELOW   (1U << 20) /* bytes free under which a failure is the disk's */

void job_init(struct job *j)
{
	*j = (struct job){ .work_dir = -1,
		.stage_dir = -1,
		.test_result = "not tested",
		.test_kind = "",
		.log_fd = -1,
		.store_fd = -1,
		.root_dir = -1 };
	j->scrub = arena_array(&j->arena, SCRUBS_ROOM, sizeof(*j->scrub));
	j->timing = arena_array(&j->arena, TIMINGS_ROOM, sizeof(*j->timing));
}

void job_release(struct job *j)
{
	free(j->source);
	secrets_release(&j->secrets);
	arena_release(&j->arena);
}

void job_source(struct job *j, const char *kind, const char *url,
	const struct digest *sha256, const char *verified)
{
	if (j->source_count == j->source_room) {
		j->source_room = j->source_room ? j->source_room * 2 : 128;
		j->source = xrealloc(j->source, j->source_room * sizeof(*j->source));
	}
	j->source[j->source_count++] = (struct build_source){
		.url = arena_strdup(&j->arena, url),
		.sha256 = *sha256,
		.verified = arena_strdup(&j->arena, verified),
		.kind = kind,
	};
}

bool job_has_source(const struct job *j, const char *url, const struct digest *sha256)
{
	for (size_t i = 0; i < j->source_count; i++)
		if (strcmp(j->source[i].url, url) == 0 &&
			digest_equal(&j->source[i].sha256, sha256))
			return true;
	return false;
}

void job_scrubbed(struct job *j, const char *check, uint64_t removed)
{
	if (j->scrub_count < SCRUBS_ROOM)
		j->scrub[j->scrub_count++] =
			(struct build_scrub){ .check = check, .removed = removed };
}

void job_accepted(struct job *j, const char *what, const char *name, int64_t until_s)
{
	if (j->accepted_count < JOB_ACCEPTED_MAX)
		j->accepted[j->accepted_count++] = (struct build_accepted){ .what = what,
			.name = arena_strdup(&j->arena, name),
			.until_s = until_s };
}

const char *const *job_with_proxies(struct job *j, const char *const *env)
{
	static const char *const names[] = { "http_proxy", "https_proxy", "all_proxy",
		"no_proxy" };
	const char **out;
	size_t count = 0;

	while (env[count])
		count++;
	out = arena_array(&j->arena, count + ARRAY_COUNT(names) + 1, sizeof(*out));
	memcpy(out, env, count * sizeof(*out));
	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		const char *value = getenv(names[i]);

		if (value)
			out[count++] = arena_printf(&j->arena, "%s=%s", names[i], value);
	}
	out[count] = NULL;
	return out;
}

int64_t job_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void printf_like(2, 0) log_line(struct job *j, const char *fmt, va_list ap)
{
	char line[LOG_LINE_MAX];
	struct err ignored;
	int len = vsnprintf(line, sizeof(line) - 1, fmt, ap);

	if (len < 0 || j->log_fd < 0)
		return;
	if (len > (int)sizeof(line) - 2)
		len = (int)sizeof(line) - 2;
	line[len++] = '\n';
	/* The log is no result: a full disk shows itself in what is. */
	if (fs_write_all(j->log_fd, line, (size_t)len, &ignored) < 0)
		return;
}

void job_log(struct job *j, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(j, fmt, ap);
	va_end(ap);
}

void job_timed(struct job *j, const char *phase, int64_t start_ms, const char *fmt, ...)
{
	int64_t ms = job_clock() - start_ms;
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (j->timing_count < TIMINGS_ROOM)
		j->timing[j->timing_count++] =
			(struct timing){ .phase = phase, .ms = ms };
	out_step_done(j->out, phase, "%s, %lld.%01lld s", text, (long long)ms / 1000,
		(long long)ms % 1000 / 100);
	job_log(j, "== %s: %s", phase, text);
}

int64_t job_log_end(const struct job *j)
{
	off_t end = lseek(j->log_fd, 0, SEEK_END);

	return end < 0 ? 0 : (int64_t)end;
}

/* What apt, dnf, zypper and pacman say. */
static bool is_about_trust(const char *text)
{
	static const char *const words[] = { "NO_PUBKEY", "is not signed",
		"signatures were invalid", "signatures couldn't be verified",
		"GPG check FAILED", "Signature verification failed",
		"corrupted package (PGP signature)", "key missing from keyring" };

	for (size_t i = 0; i < ARRAY_COUNT(words); i++)
		if (strstr(text, words[i]))
			return true;
	return false;
}

static const char *complaint_in(const char *line)
{
	static const struct {
		const char *mark;
		size_t skipped;
	} marks[] = { { "E: ", 3 }, { "Error: ", 7 }, { "error: ", 7 },
		{ "Signature verification failed", 0 } };

	for (size_t i = 0; i < ARRAY_COUNT(marks); i++)
		if (strncmp(line, marks[i].mark, strlen(marks[i].mark)) == 0 &&
			line[marks[i].skipped])
			return line + marks[i].skipped;
	return NULL;
}

/* The end of what was said: before it stands what went well. */
static char *said_since(const struct job *j, int64_t from_offset)
{
	int64_t end = job_log_end(j);
	char *text = xcalloc(1, CAUSE_MAX + 1);

	if (end - from_offset > CAUSE_MAX)
		from_offset = end - CAUSE_MAX;
	if (pread(j->log_fd, text, CAUSE_MAX, (off_t)from_offset) < 0)
		text[0] = '\0';
	return text;
}

void job_cause(const struct job *j, int64_t from_offset, struct err *e)
{
	auto_free char *text = said_since(j, from_offset);
	const struct err before = *e;
	char *rest = text;

	if (e->code == ERR_UPSTREAM && is_about_trust(text))
		e->code = ERR_UNTRUSTED;
	for (char *line; (line = strsep(&rest, "\n"));) {
		const char *complaint = complaint_in(line);

		if (!complaint)
			continue;
		err_set(e, e->code, "%s: %s", before.text, complaint);
		return;
	}
}

int job_failed(const struct job *j, struct err *e)
{
	struct err cause = *e, ignored;
	uint64_t work_free = UINT64_MAX, stage_free = UINT64_MAX;

	if (fs_free_bytes(j->work_dir, &work_free, &ignored) < 0 ||
		fs_free_bytes(j->stage_dir, &stage_free, &ignored) < 0)
		return -1;
	if (work_free >= FULL_BELOW && stage_free >= FULL_BELOW)
		return -1;
	return err_set(e, ERR_NOSPACE, "%s (the file system is full)", cause.text);
}
