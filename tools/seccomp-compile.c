/* seccomp-compile.c -- turns a readable list into a ready BPF program, at build time.
 * In      NAME FILE pairs; a file is lines of:
 *           default allow|kill|errno ENOSYS
 *           allow SYSCALL [argN == VALUE | argN & MASK == VALUE]
 *           kill  SYSCALL [...]
 *           errno NAME SYSCALL [...]
 *         and # comments; a syscall this libseccomp does not know is skipped with a note
 * Out     C: `static const struct sock_filter seccomp_NAME[]` on stdout, for
 * sandbox_seccomp() Source  seccomp(2); libseccomp's seccomp_rule_add(3) */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/filter.h>

static const char *file_name;
static unsigned int line_number;

static void die(const char *what, const char *value)
{
	fprintf(stderr, "seccomp-compile: %s:%u: %s '%s'\n", file_name, line_number, what,
		value);
	exit(1);
}

static int errno_of(const char *name)
{
	static const struct {
		const char *name;
		int value;
	} known[] = { { "EPERM", EPERM }, { "ENOSYS", ENOSYS }, { "EACCES", EACCES },
		{ "EINVAL", EINVAL }, { "EAFNOSUPPORT", EAFNOSUPPORT } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].name, name) == 0)
			return known[i].value;
	die("unknown errno", name);
	return 0;
}

static uint32_t action_of(const char *word, char **save)
{
	if (strcmp(word, "allow") == 0)
		return SCMP_ACT_ALLOW;
	if (strcmp(word, "kill") == 0)
		return SCMP_ACT_KILL_PROCESS;
	if (strcmp(word, "errno") == 0) {
		const char *name = strtok_r(NULL, " \t", save);

		return SCMP_ACT_ERRNO(errno_of(name ? name : ""));
	}
	die("unknown action", word);
	return 0;
}

/* "argN == V" or "argN & M == V"; returns whether there was one. */
static int condition(char **save, struct scmp_arg_cmp *out)
{
	const char *word = strtok_r(NULL, " \t", save);
	unsigned int arg;
	const char *op, *value;

	if (!word)
		return 0;
	if (sscanf(word, "arg%u", &arg) != 1 || arg > 5)
		die("expected argN, not", word);
	op = strtok_r(NULL, " \t", save);
	value = strtok_r(NULL, " \t", save);
	if (!op || !value)
		die("incomplete condition after", word);
	if (strcmp(op, "==") == 0) {
		*out = SCMP_CMP(arg, SCMP_CMP_EQ, strtoull(value, NULL, 0), 0);
	} else if (strcmp(op, "&") == 0) {
		const char *eq = strtok_r(NULL, " \t", save);
		const char *want = strtok_r(NULL, " \t", save);

		if (!eq || !want || strcmp(eq, "==") != 0)
			die("expected argN & MASK == VALUE at", word);
		*out = SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, strtoull(value, NULL, 0),
			strtoull(want, NULL, 0));
	} else {
		die("unknown comparison", op);
	}
	return 1;
}

static void rule(scmp_filter_ctx *ctx, uint32_t *fallback, char *line)
{
	char *save = NULL;
	char *word = strtok_r(line, " \t", &save);
	struct scmp_arg_cmp cmp;
	uint32_t action;
	int nr, rc;

	if (!word)
		return;
	if (strcmp(word, "default") == 0) {
		const char *what = strtok_r(NULL, " \t", &save);

		*fallback = action_of(what ? what : "", &save);
		*ctx = seccomp_init(*fallback);
		if (!*ctx)
			die("cannot start a filter with", line);
		seccomp_attr_set(*ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
		seccomp_attr_set(*ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
		return;
	}
	if (!*ctx)
		die("the first line must be 'default ...', not", word);
	action = action_of(word, &save);
	word = strtok_r(NULL, " \t", &save);
	if (!word)
		die("no system call in", line);
	nr = seccomp_syscall_resolve_name(word);
	if (nr == __NR_SCMP_ERROR) {
		fprintf(stderr,
			"seccomp-compile: %s:%u: '%s' is not known here, skipped\n",
			file_name, line_number, word);
		return;
	}
	if (action == *fallback)
		die("same as the default:", word);
	rc = condition(&save, &cmp) ? seccomp_rule_add_array(*ctx, action, nr, 1, &cmp)
				    : seccomp_rule_add(*ctx, action, nr, 0);
	if (rc < 0)
		die("cannot add a rule for", word);
}

static void print_program(const char *name, scmp_filter_ctx ctx)
{
	struct sock_filter insn;
	size_t count = 0;
	FILE *bpf = tmpfile();

	if (!bpf || seccomp_export_bpf(ctx, fileno(bpf)) < 0)
		die("cannot export", name);
	rewind(bpf);
	printf("static const struct sock_filter seccomp_%s[] __attribute__((unused)) = "
	       "{\n",
		name);
	while (fread(&insn, sizeof(insn), 1, bpf) == 1) {
		printf("\t{ 0x%x, %u, %u, 0x%x },\n", insn.code, insn.jt, insn.jf,
			insn.k);
		count++;
	}
	printf("};\n/* %zu instructions */\n\n", count);
	fclose(bpf);
}

static void compile(const char *name, const char *path)
{
	scmp_filter_ctx ctx = NULL;
	uint32_t fallback = 0;
	char line[512];
	FILE *in;

	file_name = path;
	line_number = 0;
	in = fopen(path, "re");
	if (!in)
		die("cannot open", path);
	while (fgets(line, sizeof(line), in)) {
		line_number++;
		line[strcspn(line, "#\n")] = '\0';
		rule(&ctx, &fallback, line);
	}
	fclose(in);
	if (!ctx)
		die("no rules in", path);
	print_program(name, ctx);
	seccomp_release(ctx);
}

int main(int argc, char **argv)
{
	if (argc < 3 || argc % 2 == 0) {
		fprintf(stderr, "usage: seccomp-compile NAME FILE [NAME FILE]...\n");
		return 2;
	}
	printf("/* made by tools/seccomp-compile.c: do not edit */\n#include "
	       "<linux/filter.h>\n\n");
	for (int i = 1; i + 1 < argc; i += 2)
		compile(argv[i], argv[i + 1]);
	return 0;
}
