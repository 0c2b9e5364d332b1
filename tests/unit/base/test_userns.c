/* The full maps need an ordinary user with ranges: made by root in a mount namespace with
 * a passwd, subuid and subgid of its own. */
#include "lib/base/userns.h"

#include "lib/base/buf.h"
#include "lib/base/fs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define TOY_UID 12345
#define TOY_GID 12346

#define need(condition)                                                                  \
	do {                                                                             \
		if (!(condition)) {                                                      \
			fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__,     \
				#condition);                                             \
			_exit(1);                                                        \
		}                                                                        \
	} while (0)

/* ---- the pure part */

static void parses(const char *text, long expected)
{
	unsigned int start = 7;
	bool found = subids_parse(bytes_of_str(text), "joe", 1000, &start);

	assert_int_equal(found, expected >= 0);
	assert_int_equal(start, expected >= 0 ? expected : 7);
}

static void range_is_found_by_name_or_uid(void **state)
{
	(void)state;
	parses("joe:100000:65536\n", 100000);
	parses("1000:100000:65536\n", 100000);
	parses("ann:1:65536\njoe:200000:65536\n", 200000);
	parses("joe:100000:65536", 100000); /* no newline at the end */
	parses("joe:100000:1000000\n", 100000);
}

static void first_long_enough_range_wins(void **state)
{
	(void)state;
	parses("joe:100000:65535\njoe:300000:65536\njoe:500000:65536\n", 300000);
	parses("joe:100000:1000\n1000:400000:65536\n", 400000);
}

static void other_users_ranges_do_not_count(void **state)
{
	(void)state;
	parses("joey:100000:65536\n", -1);
	parses("jo:100000:65536\n", -1);
	parses("10000:100000:65536\n", -1);
	parses("JOE:100000:65536\n", -1);
	parses("", -1);
}

static void malformed_lines_do_not_count(void **state)
{
	(void)state;
	parses("joe\njoe:\njoe:100000\n", -1);
	parses("joe:100000:65536:9\n", -1);
	parses("joe:-1:65536\n", -1);
	parses("joe:0x10000:65536\n", -1);
	parses("joe: 100000:65536\n", -1);
	parses("joe:100000:65536 \n", -1);
	parses("joe:100000:99999999999\n", -1);
	parses(":100000:65536\n", -1);
	parses("# joe:1:65536\nbad\njoe:100000:65536\n", 100000);
}

static void range_never_holds_root_or_no_id(void **state)
{
	(void)state;
	parses("joe:0:65536\n", -1);
	parses("joe:4294901760:65536\n", -1); /* would hold 2^32-1 */
	parses("joe:4294901759:65536\n", 4294901759);
}

static void nobody_matches_by_an_empty_name(void **state)
{
	unsigned int start = 7;

	(void)state;
	assert_false(subids_parse(bytes_of_str(":100000:65536\n"), "", 1000, &start));
	assert_true(subids_parse(bytes_of_str("1000:100000:65536\n"), "", 1000, &start));
}

/* ---- a namespace of one id: works for anybody */

static bool map_is(const char *name, const char *expected)
{
	char path[64], text[512];
	unsigned int a, b, c;
	size_t len = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/%s", name);
	f = fopen(path, "re");
	if (!f)
		return false;
	text[0] = '\0';
	while (fscanf(f, "%u %u %u", &a, &b, &c) == 3)
		len += (size_t)snprintf(
			text + len, sizeof(text) - len, "%u %u %u\n", a, b, c);
	fclose(f);
	if (strcmp(text, expected) != 0)
		fprintf(stderr, "%s is: %s", name, text);
	return strcmp(text, expected) == 0;
}

struct expected {
	char uid_map[128], gid_map[128];
	int status;
};

static int check_inside(void *ctx)
{
	const struct expected *x = ctx;

	need(map_is("uid_map", x->uid_map));
	need(map_is("gid_map", x->gid_map));
	need(getuid() == 0 && geteuid() == 0 && getgid() == 0 && getegid() == 0);
	return x->status;
}

static int status_of(pid_t pid)
{
	int raw;

	if (waitpid(pid, &raw, 0) != pid)
		return -1;
	return WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
}

static void single_id_namespace_is_entered(void **state)
{
	const struct subids none = { .full = false };
	struct expected x = { .status = 7 };
	struct err e;
	pid_t pid;

	(void)state;
	snprintf(x.uid_map, sizeof(x.uid_map), "0 %u 1\n", geteuid());
	snprintf(x.gid_map, sizeof(x.gid_map), "0 %u 1\n", getegid());
	pid = userns_fork(USERNS_STORE, CLONE_NEWNS, &none, check_inside, &x, &e);
	if (pid < 0)
		fail_msg("%s", e.text);
	assert_int_equal(status_of(pid), 7);
}

static int enter_again(void *ctx)
{
	(void)ctx;
	need(getpid() != 1);
	return 0;
}

static void forbidden_namespace_names_the_switch(void **state)
{
	const struct subids none = { .full = false };
	struct err e;
	pid_t child = fork(), pid;

	(void)state;
	if (child == 0) {
		/* A chroot may make no user namespace: EPERM, as a sysctl would say. */
		if (geteuid() != 0)
			_exit(77);
		need(chroot("/usr") == 0);
		pid = userns_fork(USERNS_STORE, 0, &none, enter_again, NULL, &e);
		need(pid == -1);
		need(strstr(e.text, "kernel.unprivileged_userns_clone") != NULL);
		need(waitpid(-1, NULL, WNOHANG) == -1);
		_exit(0);
	}
	pid = child;
	switch (status_of(pid)) {
	case 77:
		skip();
		break;
	case 0:
		break;
	default:
		fail();
	}
}

/* ---- a toy user with ranges */

static void bind_text(const char *target, const char *text)
{
	char from[] = "/tmp/test-userns.XXXXXX";
	int fd = mkstemp(from);

	need(fd >= 0);
	need(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	need(fchmod(fd, 0644) == 0);
	close(fd);
	need(mount(from, target, NULL, MS_BIND, NULL) == 0);
	unlink(from);
}

static void become_toy(const char *subuid, const char *subgid)
{
	need(unshare(CLONE_NEWNS) == 0);
	need(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	bind_text("/etc/passwd", "root:x:0:0::/root:/bin/sh\n"
				 "toy:x:12345:12346::/nonexistent:/bin/sh\n");
	bind_text("/etc/subuid", subuid);
	bind_text("/etc/subgid", subgid);
	need(setgroups(0, NULL) == 0);
	need(setresgid(TOY_GID, TOY_GID, TOY_GID) == 0);
	need(setresuid(TOY_UID, TOY_UID, TOY_UID) == 0);
	/* A user's process was exec'ed and is dumpable; the change of ids undid that. */
	need(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0);
}

#define RANGE_U "toy:200000:65536\n"
#define RANGE_G "12345:300000:65536\n" /* by uid, in subgid too */

static void as_toy(void (*fn)(void), const char *subuid, const char *subgid)
{
	pid_t pid;

	if (geteuid() != 0) {
		skip();
		return;
	}
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		become_toy(subuid, subgid);
		fn();
		_exit(0);
	}
	assert_int_equal(status_of(pid), 0);
}

static void enter_as(enum userns_kind kind, const char *uid_map, const char *gid_map)
{
	struct expected x = { .status = 9 };
	struct subids ids;
	struct err e;
	pid_t pid;

	subids_find(TOY_UID, &ids);
	need(ids.full && ids.uid_start == 200000 && ids.gid_start == 300000);
	snprintf(x.uid_map, sizeof(x.uid_map), "%s", uid_map);
	snprintf(x.gid_map, sizeof(x.gid_map), "%s", gid_map);
	pid = userns_fork(kind, 0, &ids, check_inside, &x, &e);
	if (pid < 0)
		fprintf(stderr, "%s\n", e.text);
	need(pid > 0);
	need(status_of(pid) == 9);
}

static void three_maps(void)
{
	enter_as(USERNS_CONTAINER, "0 200000 65536\n", "0 300000 65536\n");
	enter_as(USERNS_STORE, "0 200000 65536\n65536 12345 1\n",
		"0 300000 65536\n65536 12346 1\n");
	enter_as(USERNS_HOLDER, "0 12345 1\n200000 200000 65536\n",
		"0 12346 1\n300000 300000 65536\n");
}

static void ranges_give_three_kinds_of_maps(void **state)
{
	(void)state;
	as_toy(three_maps, RANGE_U, RANGE_G);
}

static void not_ours(void)
{
	const struct subids wrong = { .full = true, .uid_start = 1, .gid_start = 1 };
	struct err e;

	need(userns_fork(USERNS_CONTAINER, 0, &wrong, enter_again, NULL, &e) == -1);
	need(strstr(e.text, "cannot map the ids of a user namespace: ") == e.text);
	need(strstr(e.text, "newuidmap' exited with status") != NULL);
	need(strstr(e.text, "not allowed") != NULL); /* what the helper said */
	need(waitpid(-1, NULL, WNOHANG) == -1);
}

static void a_range_of_others_is_refused_in_words(void **state)
{
	(void)state;
	as_toy(not_ours, RANGE_U, RANGE_G);
}

static void expect_why(const char *one, const char *two)
{
	struct subids ids;

	subids_find(TOY_UID, &ids);
	if (ids.full || !strstr(ids.why, one) || !strstr(ids.why, two))
		fprintf(stderr, "why: %s\n", ids.why);
	need(!ids.full && strstr(ids.why, one) && strstr(ids.why, two));
}

static void why_subuid(void)
{
	expect_why("'toy' (12345) in /etc/subuid", "usermod --add-subuids");
}

static void why_subgid(void)
{
	expect_why("'toy' (12345) in /etc/subgid", "usermod --add-subgids");
}

static void why_nnp(void)
{
	need(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	expect_why("NoNewPrivs", "start it outside");
}

static void missing_ranges_are_named_with_a_remedy(void **state)
{
	(void)state;
	as_toy(why_subuid, "toy:200000:1000\n", RANGE_G);
	as_toy(why_subgid, RANGE_U, "ann:300000:65536\n");
	as_toy(why_nnp, RANGE_U, RANGE_G);
}

/* newuidmap hidden behind a plain file: no setuid bit. */
static void helper_without_rights_is_named(void **state)
{
	pid_t pid;

	(void)state;
	if (geteuid() != 0) {
		skip();
		return;
	}
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		need(unshare(CLONE_NEWNS) == 0);
		need(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
		bind_text("/usr/bin/newgidmap", "#!/bin/sh\n");
		become_toy(RANGE_U, RANGE_G);
		expect_why("'/usr/bin/newgidmap'", "setuid");
		_exit(0);
	}
	assert_int_equal(status_of(pid), 0);
}

/* The parent ends before the child: it must not stay. */
static int stay(void *ctx)
{
	(void)ctx;
	sleep(60);
	return 0;
}

static bool goes_with_its_parent(const struct subids *ids)
{
	int fds[2];
	char byte;
	pid_t parent;
	bool gone;

	if (pipe(fds) < 0)
		return false;
	parent = fork();
	if (parent == 0) {
		struct err e;

		_exit(userns_fork(USERNS_CONTAINER, 0, ids, stay, NULL, &e) < 0);
	}
	close(fds[1]);
	if (status_of(parent) != 0)
		return false;
	alarm(20);
	gone = read(fds[0], &byte, 1) == 0; /* its end is closed */
	alarm(0);
	close(fds[0]);
	return gone;
}

static void toy_goes_too(void)
{
	struct subids ids;

	subids_find(TOY_UID, &ids);
	need(ids.full && goes_with_its_parent(&ids));
}

/* With a full map the child changes its ids, and the kernel forgets the promise. */
static void child_dies_with_us(void **state)
{
	const struct subids none = { .full = false };

	(void)state;
	assert_true(goes_with_its_parent(&none));
	as_toy(toy_goes_too, RANGE_U, RANGE_G);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(range_is_found_by_name_or_uid),
		cmocka_unit_test(first_long_enough_range_wins),
		cmocka_unit_test(other_users_ranges_do_not_count),
		cmocka_unit_test(malformed_lines_do_not_count),
		cmocka_unit_test(range_never_holds_root_or_no_id),
		cmocka_unit_test(nobody_matches_by_an_empty_name),
		cmocka_unit_test(single_id_namespace_is_entered),
		cmocka_unit_test(forbidden_namespace_names_the_switch),
		cmocka_unit_test(ranges_give_three_kinds_of_maps),
		cmocka_unit_test(a_range_of_others_is_refused_in_words),
		cmocka_unit_test(missing_ranges_are_named_with_a_remedy),
		cmocka_unit_test(helper_without_rights_is_named),
		cmocka_unit_test(child_dies_with_us),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
