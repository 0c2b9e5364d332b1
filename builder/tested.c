#include "builder/tested.h"

#include "builder/boottest.h"

#include "lib/base/atomic.h"
#include "lib/base/fs.h"

#include <fcntl.h>
#include <sys/stat.h>

#define LOG_MAX (16 << 20)

static int record(struct build *b, int build_dir, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(BUILD_JSON_MAX);

	if (build_format(b, &text, e) < 0)
		return -1;
	return atomic_write_file(build_dir, "build.json", buf_bytes(&text), 0644, e);
}

static int end_log(int fd, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || fchmod(fd, 0644) < 0)
		return err_sys(e, "cannot look at '" TEST_LOG "'");
	if (st.st_size > LOG_MAX && ftruncate(fd, LOG_MAX) < 0)
		return err_sys(e, "cannot shorten '" TEST_LOG "'");
	return fs_sync(fd, TEST_LOG, e);
}

static int keep(struct tested *t, struct build *b, int build_dir, const struct err *why,
	struct err *e)
{
	const char *message = b->message;
	int rc;

	b->test_result = t->result = why ? "failed" : "passed";
	b->test_kind = t->kind;
	if (why) {
		b->result = "failed";
		b->class = "test";
		b->artifact_count = 0;
		b->message = why->text;
	}
	rc = record(b, build_dir, e);
	b->message = message; /* the text is our caller's */
	return rc;
}

static int test(
	struct tested *t, struct build *b, int build_dir, int log_fd, struct err *e)
{
	const char *tmpdir = getenv("TMPDIR");
	struct boottest boot = { .build = b,
		.build_dir = build_dir,
		.base = tmpdir && tmpdir[0] == '/' ? tmpdir : "/var/tmp",
		.user = t->user,
		.log_fd = log_fd,
		.timeout_s = t->timeout_s };
	struct err why;
	int rc = boottest_run(&boot, &why);

	t->kind = boot.kind;
	if (rc < 0 && why.code != ERR_TEST) {
		*e = why;
		return -1;
	}
	if (rc < 0)
		dprintf(log_fd, "%s\n", why.text);
	if (end_log(log_fd, e) < 0 || keep(t, b, build_dir, rc < 0 ? &why : NULL, e) < 0)
		return -1;
	if (rc < 0)
		*e = why;
	return rc;
}

int tested_run(struct tested *t, int build_dir, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(BUILD_JSON_MAX);
	auto_build struct build b;
	auto_fd int log_fd = -1;
	int rc;

	build_init(&b);
	t->result = "not tested";
	t->kind = "";
	if (fs_read_at(build_dir, "build.json", &text, e) < 0 ||
		build_parse(buf_bytes(&text), &b, e) < 0)
		return err_wrap(e, "'build.json'");
	if (strcmp(b.result, "ok") != 0)
		return err_set(e, ERR_USAGE, "it failed: there is nothing to test");
	log_fd = openat(build_dir, TEST_LOG,
		O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (log_fd < 0)
		return err_sys(e, "cannot make '" TEST_LOG "'");
	rc = test(t, &b, build_dir, log_fd, e);
	if (rc < 0 && e->code != ERR_TEST)
		unlinkat(build_dir, TEST_LOG, 0);
	return rc;
}
