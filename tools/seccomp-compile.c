/* seccomp-compile.c -- turns a readable list into a ready BPF program, at build time.
 * In      NAME FILE pairs; a file is lines of:
 *           default allow|kill|errno ENOSYS
 *           allow SYSCALL [argN == VALUE | argN & MASK == VALUE]
 *           kill  SYSCALL [...]
 *           errno NAME SYSCALL [...]
 *           succeed SYSCALL [...]     it does nothing and answers 0
 *         and # comments; of several lines about one syscall the conditions come first, in
 *         their order; a syscall this libseccomp does not know is skipped with a note
 * Out     C: `static const struct sock_filter seccomp_NAME[]` on stdout, for
 *         sandbox_seccomp()
 * Shape   one architecture, any other is killed; then a binary tree over runs of syscall
 *         numbers with equal treatment. Most numbers of a list are neighbours, so the
 *         programs are a quarter of libseccomp's, and the kernel, which checks, compiles
 *         and tries a filter for each number at each load, takes a third of the time
 * Source  seccomp(2); libseccomp for the names and numbers */
#include <errno.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

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
		return SECCOMP_RET_ALLOW;
	if (strcmp(word, "kill") == 0)
		return SECCOMP_RET_KILL_PROCESS;
	if (strcmp(word, "succeed") == 0)
		return SECCOMP_RET_ERRNO; /* 0 */
	if (strcmp(word, "errno") == 0) {
		const char *name = strtok_r(NULL, " \t", save);

		return SECCOMP_RET_ERRNO | (uint32_t)errno_of(name ? name : "");
	}
	die("unknown action", word);
	return 0;
}

#define NUMBERS   1024
#define RULES_MAX 1024
#define INSNS_MAX 4096

struct rule {
	int nr;
	uint32_t action;
	int has_condition;
	unsigned int arg;
	uint64_t mask, want;
};

struct filter {
	uint32_t fallback;
	struct rule rule[RULES_MAX];
	size_t rule_count;
};

/* "argN == V" or "argN & M == V". */
static void parse_condition(char **save, struct rule *out)
{
	const char *word = strtok_r(NULL, " \t", save);
	const char *op, *value;

	if (!word)
		return;
	if (sscanf(word, "arg%u", &out->arg) != 1 || out->arg > 5)
		die("expected argN, not", word);
	op = strtok_r(NULL, " \t", save);
	value = strtok_r(NULL, " \t", save);
	if (!op || !value)
		die("incomplete condition after", word);
	out->has_condition = 1;
	out->mask = UINT64_MAX;
	out->want = strtoull(value, NULL, 0);
	if (strcmp(op, "==") == 0)
		return;
	if (strcmp(op, "&") != 0)
		die("unknown comparison", op);
	op = strtok_r(NULL, " \t", save);
	value = strtok_r(NULL, " \t", save);
	if (!op || !value || strcmp(op, "==") != 0)
		die("expected argN & MASK == VALUE at", word);
	out->mask = out->want;
	out->want = strtoull(value, NULL, 0);
}

static void parse_rule(struct filter *f, int *started, char *line)
{
	char *save = NULL;
	const char *word = strtok_r(line, " \t", &save);
	struct rule r = { 0 };

	if (!word)
		return;
	if (strcmp(word, "default") == 0) {
		word = strtok_r(NULL, " \t", &save);
		f->fallback = action_of(word ? word : "", &save);
		*started = 1;
		return;
	}
	if (!*started)
		die("the first line must be 'default ...', not", word);
	r.action = action_of(word, &save);
	word = strtok_r(NULL, " \t", &save);
	if (!word)
		die("no system call in", line);
	r.nr = seccomp_syscall_resolve_name(word);
	if (r.nr == __NR_SCMP_ERROR)
		fprintf(stderr,
			"seccomp-compile: %s:%u: '%s' is not known here, skipped\n",
			file_name, line_number, word);
	if (r.nr < 0)
		return; /* not on this architecture */
	if (r.nr >= NUMBERS || f->rule_count == RULES_MAX)
		die("too many at", word);
	parse_condition(&save, &r);
	if (!r.has_condition && r.action == f->fallback)
		die("same as the default:", word);
	f->rule[f->rule_count++] = r;
}

/* ---- what is done with one number */

static int same_treatment(const struct filter *f, int a, int b)
{
	uint32_t plain[2] = { f->fallback, f->fallback };

	for (size_t i = 0; i < f->rule_count; i++) {
		const struct rule *r = &f->rule[i];

		if (r->nr != a && r->nr != b)
			continue;
		if (r->has_condition)
			return 0;
		plain[r->nr == b] = r->action;
	}
	return plain[0] == plain[1];
}

/* ---- code, written backwards: a jump knows how far its target is when it is written */

struct program {
	struct sock_filter insn[INSNS_MAX]; /* used from `start` on */
	size_t start;
};

static void put(struct program *p, struct sock_filter insn)
{
	if (p->start == 0)
		die("too long a filter", "");
	p->insn[--p->start] = insn;
}

static void put_load(struct program *p, size_t offset)
{
	put(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

/* Falls through when 32 bits of the argument are as wanted, else jumps over `skip`. */
static void put_half(struct program *p, const struct rule *r, int high, size_t skip)
{
	uint32_t mask = (uint32_t)(high ? r->mask >> 32 : r->mask);
	uint32_t want = (uint32_t)(high ? r->want >> 32 : r->want);
	int big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;

	if (mask == 0)
		return;
	put(p, (struct sock_filter)BPF_JUMP(
		       BPF_JMP | BPF_JEQ | BPF_K, want, 0, (unsigned char)skip));
	if (mask != UINT32_MAX)
		put(p, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask));
	put_load(p, offsetof(struct seccomp_data, args) + r->arg * 8 +
			    (high != big_endian ? 4 : 0));
}

static void put_return(struct program *p, uint32_t action)
{
	put(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

static void put_leaf(struct program *p, const struct filter *f, int nr)
{
	uint32_t plain = f->fallback;

	for (size_t i = 0; i < f->rule_count; i++)
		if (f->rule[i].nr == nr && !f->rule[i].has_condition)
			plain = f->rule[i].action;
	put_return(p, plain);
	for (size_t i = f->rule_count; i-- > 0;) {
		const struct rule *r = &f->rule[i];
		size_t end;

		if (r->nr != nr || !r->has_condition)
			continue;
		end = p->start;
		put_return(p, r->action);
		put_half(p, r, 0, end - p->start);
		put_half(p, r, 1, end - p->start);
	}
}

/* The runs first[from..to) as a tree; the number is in the accumulator. */
static void put_tree(struct program *p, const struct filter *f, const int *first,
	size_t from, size_t to)
{
	size_t middle = (from + to) / 2, right, skip;

	if (to - from == 1) {
		put_leaf(p, f, first[from]);
		return;
	}
	put_tree(p, f, first, middle, to);
	right = p->start;
	put_tree(p, f, first, from, middle);
	skip = right - p->start;
	if (skip > 255) {
		put(p, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, (uint32_t)skip));
		skip = 0;
	}
	put(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K,
		       (uint32_t)first[middle], (unsigned char)skip,
		       right - p->start > 255 ? 1 : 0));
}

static void put_filter(struct program *p, const struct filter *f)
{
	int first[NUMBERS];
	size_t runs = 0;

	for (int nr = 0; nr < NUMBERS; nr++)
		if (nr == 0 || !same_treatment(f, nr - 1, nr))
			first[runs++] = nr;
	put_tree(p, f, first, 0, runs);
#ifdef __x86_64__
	/* x32 numbers are another architecture's in all but name; -1 is a call that a
	 * tracer took back. */
	put_return(p, SECCOMP_RET_KILL_PROCESS);
	put_return(p, f->fallback);
	put(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, UINT32_MAX, 0, 1));
	put(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 3));
#endif
	put_load(p, offsetof(struct seccomp_data, nr));
	put_return(p, SECCOMP_RET_KILL_PROCESS);
	put(p, (struct sock_filter)BPF_JUMP(
		       BPF_JMP | BPF_JEQ | BPF_K, seccomp_arch_native(), 1, 0));
	put_load(p, offsetof(struct seccomp_data, arch));
}

static void print_program(const char *name, const struct program *p)
{
	printf("static const struct sock_filter seccomp_%s[] __attribute__((unused)) = "
	       "{\n",
		name);
	for (size_t i = p->start; i < INSNS_MAX; i++)
		printf("\t{ 0x%x, %u, %u, 0x%x },\n", p->insn[i].code, p->insn[i].jt,
			p->insn[i].jf, p->insn[i].k);
	printf("};\n/* %zu instructions */\n\n", INSNS_MAX - p->start);
}

static void compile(const char *name, const char *path)
{
	static struct filter filter;
	static struct program program;
	int started = 0;
	char line[512];
	FILE *in;

	memset(&filter, 0, sizeof(filter));
	program.start = INSNS_MAX;
	file_name = path;
	line_number = 0;
	in = fopen(path, "re");
	if (!in)
		die("cannot open", path);
	while (fgets(line, sizeof(line), in)) {
		line_number++;
		line[strcspn(line, "#\n")] = '\0';
		parse_rule(&filter, &started, line);
	}
	fclose(in);
	if (!started)
		die("no rules in", path);
	put_filter(&program, &filter);
	print_program(name, &program);
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
