#include "client/run/limits.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define VALUE_MAX     256
#define CPU_PERIOD_US 100000ULL

/* ---- from what people write to what the kernel reads */

static bool number(const char *text, uint64_t most, uint64_t *out)
{
	size_t len = strspn(text, "0123456789");

	if (len == 0 || len > 18 || text[len])
		return false;
	*out = strtoull(text, NULL, 10);
	return *out > 0 && *out <= most;
}

static bool size_value(const char *text, char out[VALUE_MAX])
{
	static const char units[] = "kmgt";
	size_t len = strlen(text);
	const char *unit = len > 1 ? strchr(units, text[len - 1]) : NULL;
	unsigned int shift = unit ? 10 * (unsigned int)(unit - units + 1) : 0;
	char digits[20];
	uint64_t n;

	if (len - (unit ? 1 : 0) >= sizeof(digits))
		return false;
	snprintf(digits, sizeof(digits), "%.*s", (int)(len - (unit ? 1 : 0)), text);
	if (!number(digits, UINT64_MAX >> 1 >> shift, &n))
		return false;
	snprintf(out, VALUE_MAX, "%llu", (unsigned long long)(n << shift));
	return true;
}

static bool count_value(const char *text, char out[VALUE_MAX])
{
	uint64_t n;

	if (!number(text, 4194304, &n))
		return false;
	snprintf(out, VALUE_MAX, "%s", text);
	return true;
}

static bool weight_value(const char *text, char out[VALUE_MAX])
{
	uint64_t n;

	if (!number(text, 10000, &n))
		return false;
	snprintf(out, VALUE_MAX, "%s", text);
	return true;
}

/* "1.5" processors of time. */
static bool cpus_value(const char *text, char out[VALUE_MAX])
{
	size_t whole = strspn(text, "0123456789"), part = 0;
	uint64_t quota = 0, scale = CPU_PERIOD_US;

	if (text[whole] == '.')
		part = strspn(text + whole + 1, "0123456789");
	if (whole == 0 || whole > 5 || part > 5 ||
		text[whole + (text[whole] == '.' ? part + 1 : 0)] ||
		(text[whole] == '.' && part == 0))
		return false;
	for (size_t i = 0; i < whole; i++)
		quota = quota * 10 + (uint64_t)(text[i] - '0');
	quota *= CPU_PERIOD_US;
	for (size_t i = 0; i < part; i++)
		quota += (uint64_t)(text[whole + 1 + i] - '0') * (scale /= 10);
	if (quota < 1000) /* the kernel's least */
		return false;
	snprintf(out, VALUE_MAX, "%llu %llu", (unsigned long long)quota, CPU_PERIOD_US);
	return true;
}

/* "/dev/sda:rbps=1m,wiops=100" */
static bool io_value(const char *text, char out[VALUE_MAX])
{
	static const char *const keys[] = { "rbps=", "wbps=", "riops=", "wiops=" };
	const char *colon = strchr(text, ':'), *at = colon ? colon + 1 : "";
	char path[VALUE_MAX], value[VALUE_MAX], word[32];
	struct stat st;
	int len;

	snprintf(path, sizeof(path), "%.*s", colon ? (int)(colon - text) : 0, text);
	if (!colon || stat(path, &st) < 0 || !S_ISBLK(st.st_mode))
		return false;
	len = snprintf(out, VALUE_MAX, "%u:%u", major(st.st_rdev), minor(st.st_rdev));
	do {
		size_t word_len = strcspn(at, ","), key = 0;

		while (key < ARRAY_COUNT(keys) &&
			strncmp(at, keys[key], strlen(keys[key])) != 0)
			key++;
		if (key == ARRAY_COUNT(keys) || word_len >= sizeof(word))
			return false;
		snprintf(word, sizeof(word), "%.*s", (int)(word_len - strlen(keys[key])),
			at + strlen(keys[key]));
		if (!size_value(word, value) || (size_t)len + word_len + 24 > VALUE_MAX)
			return false;
		len += snprintf(
			out + len, VALUE_MAX - (size_t)len, " %s%s", keys[key], value);
		at += word_len;
	} while (*at++ == ',');
	return true;
}

static const struct kind {
	const char *option, *controller, *file, *shape;
	size_t offset;
	bool (*value)(const char *text, char out[VALUE_MAX]);
} kinds[] = {
#define AT(member) offsetof(struct limits, member)
	{ "--memory", "memory", "memory.max", "a size, as 512m", AT(memory), size_value },
	{ "--pids", "pids", "pids.max", "a number of processes", AT(pids), count_value },
	{ "--cpus", "cpu", "cpu.max", "a number of processors, as 1.5", AT(cpus),
		cpus_value },
	{ "--cpu-weight", "cpu", "cpu.weight", "1 to 10000", AT(cpu_weight),
		weight_value },
	{ "--io-weight", "io", "io.weight", "1 to 10000", AT(io_weight), weight_value },
	{ "--io-max", "io", "io.max",
		"/dev/DISK:KEY=N,... with rbps, wbps, riops or wiops", AT(io_max),
		io_value },
#undef AT
};

static const char *text_of(const struct limits *l, const struct kind *k)
{
	const char *text;

	memcpy(&text, (const char *)l + k->offset, sizeof(text));
	return text && *text ? text : NULL;
}

int limits_check(const struct limits *l, struct err *e)
{
	char value[VALUE_MAX];

	for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
		const char *text = text_of(l, &kinds[i]);

		if (text && !kinds[i].value(text, value))
			return err_set(e, ERR_USAGE, "option '%s': '%s' is not %s",
				kinds[i].option, text, kinds[i].shape);
	}
	return 0;
}

bool limits_any(const struct limits *l)
{
	for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
		if (text_of(l, &kinds[i]))
			return true;
	return false;
}

bool limits_only_pids(const struct limits *l, unsigned int *count)
{
	struct limits others = *l;

	others.pids = NULL;
	if (!l->pids || !*l->pids || limits_any(&others))
		return false;
	*count = (unsigned int)atoi(l->pids);
	return true;
}

int limits_refuse(const struct limits *l, const char *why, struct err *e)
{
	for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
		if (text_of(l, &kinds[i]))
			return err_set(e, ERR_USAGE,
				"option '%s' cannot be enforced: %s ('rootyard doctor' "
				"says how to mend it)",
				kinds[i].option, why);
	return 0;
}

/* ---- into the files */

static bool write_file(int dir_fd, const char *file, const char *value)
{
	auto_fd int fd = openat(dir_fd, file, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);
}

/* Controllers reach a cgroup when its parent hands them down, one by one. */
static void hand_down(int cgroup_fd, const char *controller)
{
	auto_fd int parent = openat(cgroup_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char text[32];

	snprintf(text, sizeof(text), "+%s", controller);
	if (parent >= 0)
		(void)write_file(parent, "cgroup.subtree_control", text);
}

int limits_apply(const struct limits *l, int cgroup_fd, struct err *e)
{
	char value[VALUE_MAX];

	for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
		const struct kind *k = &kinds[i];
		const char *text = text_of(l, k);

		if (!text)
			continue;
		if (!k->value(text, value))
			return err_set(e, ERR_USAGE, "option '%s': '%s' is not %s",
				k->option, text, k->shape);
		if (faccessat(cgroup_fd, k->file, F_OK, 0) < 0)
			hand_down(cgroup_fd, k->controller);
		if (write_file(cgroup_fd, k->file, value))
			continue;
		if (errno == ENOENT)
			return err_set(e, ERR_USAGE,
				"option '%s' cannot be enforced: the controller '%s' is "
				"not delegated to your cgroup ('rootyard doctor' says "
				"how to mend it)",
				k->option, k->controller);
		return err_sys(e, "option '%s': cannot write '%s' to '%s'", k->option,
			value, k->file);
	}
	/* What is swapped out would not count. Not there without swap. */
	if (text_of(l, &kinds[0]))
		(void)write_file(cgroup_fd, "memory.swap.max", "0");
	return 0;
}
