#include "builder/boottest.h"

#include "builder/testhost.h"

#include "lib/base/atomic.h"
#include "lib/base/fs.h"

#include <signal.h>
#include <time.h>

#define NAME       TESTHOST_CONTAINER
#define OUTPUT_MAX (256U << 10)
#define POLL_MS    250
#define STOP_MS    60000
#define SEED_PLACE "/var/lib/cloud/seed/nocloud-net:ro"
#define SEED_ID    "rootyard-test"

struct booting {
	struct boottest *test;
	struct testhost host;
	bool is_systemd, is_cloud;
};

/* ---- asking it */

/* Runs rootyard; what it prints goes to out and to the log, its status to *status. */
static int ask(struct booting *b, const char *const *args, struct buf *out, int *status,
	struct err *e)
{
	buf_clear(out);
	if (testhost_interrupted(e))
		return -1;
	return testhost_run(&b->host, args, out, status, e);
}

/* The same for what must succeed. */
static int must(
	struct booting *b, const char *check, const char *const *args, struct err *e)
{
	auto_buf struct buf out = BUF_INIT(OUTPUT_MAX);
	int status;

	if (ask(b, args, &out, &status, e) < 0)
		return -1;
	if (status == 0)
		return 0;
	return err_set(
		e, ERR_TEST, "boot test: %s (status %d, see test.log)", check, status);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static bool is_up(const struct booting *b, int status, const char *says)
{
	if (!b->is_systemd)
		return status == 0;
	return strncmp(says, "running", 7) == 0 || strncmp(says, "degraded", 8) == 0;
}

static int wait_until_up(struct booting *b, struct err *e)
{
	static const char *const systemd[] = { "exec", NAME, "--", "systemctl",
		"is-system-running", NULL };
	static const char *const command[] = { "exec", NAME, "--", "true", NULL };
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };
	int64_t end_ms = now_ms() + b->test->timeout_s * 1000;
	auto_buf struct buf says = BUF_INIT(OUTPUT_MAX);
	int status;

	for (;;) {
		if (ask(b, b->is_systemd ? systemd : command, &says, &status, e) < 0)
			return -1;
		if (is_up(b, status, buf_str(&says)))
			return 0;
		if (now_ms() >= end_ms)
			return err_set(e, ERR_TEST,
				"boot test: not up after %lld s, its init says '%.*s'",
				(long long)b->test->timeout_s,
				(int)strcspn(buf_str(&says), "\n"), buf_str(&says));
		nanosleep(&pause, NULL);
	}
}

static int check_units(struct booting *b, struct err *e)
{
	static const char *const failed[] = { "exec", NAME, "--", "systemctl", "--failed",
		"--plain", "--no-legend", NULL };
	auto_buf struct buf out = BUF_INIT(OUTPUT_MAX);
	int status;

	if (!b->is_systemd)
		return 0;
	if (ask(b, failed, &out, &status, e) < 0)
		return -1;
	if (status == 0 && out.len == 0)
		return 0;
	return err_set(e, ERR_TEST, "boot test: the unit '%.*s' failed",
		(int)strcspn(buf_str(&out), " \n"), buf_str(&out));
}

struct check {
	const char *sentence, *script;
	bool for_cloud;
};

static const struct check checks[] = {
	{ "its own host name does not resolve",
		"getent hosts \"$(hostname)\" || grep -w \"$(hostname)\" /etc/hosts",
		false },
	{ "root is no user of it", "test \"$(id -u)\" = 0 && grep -q ^root: /etc/passwd",
		false },
	{ "the NoCloud seed was not read",
		"cloud-init status --wait; "
		"test \"$(cat /var/lib/cloud/data/instance-id)\" = " SEED_ID,
		true },
};

static int check_inside(struct booting *b, struct err *e)
{
	for (size_t i = 0; i < ARRAY_COUNT(checks); i++) {
		const char *const args[] = { "exec", NAME, "--", "sh", "-c",
			checks[i].script, NULL };

		if ((!checks[i].for_cloud || b->is_cloud) &&
			must(b, checks[i].sentence, args, e) < 0)
			return -1;
	}
	return 0;
}

/* ---- its life */

/* What a cloud would say at the first start. */
static int make_seed(struct booting *b, struct err *e)
{
	static const char meta[] = "instance-id: " SEED_ID "\nlocal-hostname: " NAME "\n";
	static const char user[] = "#cloud-config\n{}\n";
	auto_fd int seed = -1;

	if (fs_mkdirs(b->host.dir, "seed", 0755, e) < 0)
		return -1;
	seed = fs_open_dir_at(b->host.dir, "seed", e);
	if (seed < 0 ||
		atomic_write_file(seed, "meta-data", bytes_of_str(meta), 0644, e) < 0)
		return -1;
	return atomic_write_file(seed, "user-data", bytes_of_str(user), 0644, e);
}

static int import(struct booting *b, const char *image, struct err *e)
{
	const char *const args[] = { "import", "--meta", b->host.meta, b->host.archive,
		image, NULL };

	return must(b, "it cannot be imported", args, e);
}

static int create(struct booting *b, const char *image, struct err *e)
{
	auto_free char *local = xasprintf("local:%s", image);
	auto_free char *volume = xasprintf("%s/seed:" SEED_PLACE, b->host.path);
	const char *const plain[] = { "create", "--init", "--name", NAME, local, NULL };
	const char *const seeded[] = { "create", "--init", "--name", NAME, "--volume",
		volume, local, NULL };

	if (b->is_cloud && make_seed(b, e) < 0)
		return -1;
	return must(b, "no container can be made of it", b->is_cloud ? seeded : plain, e);
}

/* rootyard kills what has not ended in time, and only warns of it. */
static int stop(struct booting *b, struct err *e)
{
	static const char *const stop[] = { "stop", "--timeout", "60", NAME, NULL };
	int64_t start_ms = now_ms();

	if (must(b, "it cannot be stopped", stop, e) < 0)
		return -1;
	return now_ms() - start_ms < STOP_MS
		       ? 0
		       : err_set(e, ERR_TEST, "boot test: it does not stop by itself");
}

static int boot(struct booting *b, struct err *e)
{
	static const char *const start[] = { "start", NAME, NULL };
	static const char *const asks_systemd[] = { "exec", NAME, "--", "sh", "-c",
		"case $(readlink /proc/1/exe) in */systemd) ;; *) false ;; esac", NULL };
	auto_buf struct buf out = BUF_INIT(OUTPUT_MAX);
	int status;

	if (must(b, "it does not start", start, e) < 0 ||
		ask(b, asks_systemd, &out, &status, e) < 0)
		return -1;
	b->is_systemd = status == 0;
	b->test->kind = b->is_systemd ? "systemd" : "command";
	if (wait_until_up(b, e) < 0 || check_units(b, e) < 0 || check_inside(b, e) < 0)
		return -1;
	return stop(b, e);
}

/* What its init said, whether it failed or not. */
static void keep_console(struct booting *b)
{
	static const char *const logs[] = { "logs", "-n", "200", NAME, NULL };
	auto_buf struct buf out = BUF_INIT(OUTPUT_MAX);
	struct err ignored;
	int status;

	if (testhost_run(&b->host, logs, &out, &status, &ignored) < 0)
		dprintf(b->test->log_fd, "%s\n", ignored.text);
}

int boottest_run(struct boottest *t, struct err *e)
{
	struct booting b = { .test = t, .host = TESTHOST_INIT };
	char image[IMAGE_NAME_MAX];
	int rc;

	t->kind = "";
	b.is_cloud = strcmp(t->build->image.variant, "cloud") == 0;
	image_format(&t->build->image, image);
	if (testhost_open(&b.host, t->base, t->user, t->build_dir, t->log_fd, e) < 0)
		return -1;
	rc = import(&b, image, e) < 0 || create(&b, image, e) < 0 ? -1 : boot(&b, e);
	keep_console(&b);
	testhost_close(&b.host);
	return rc;
}
