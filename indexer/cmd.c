#include "indexer/cmd.h"

#include "indexer/recover.h"
#include "lib/base/fs.h"
#include "lib/base/sandbox.h"

#include <fcntl.h>
#include <time.h>

#define RULES_MAX 64

const struct opt cmd_writer_opts[] = {
	CMD_DIRECTORY,
	CMD_WAIT,
	{ NULL, 0, 0, 0, NULL, NULL, 0, 0 },
};
const struct cmd_common cmd_writer_defaults = { .wait_s = CMD_WAIT_DEFAULT_S };

const struct opt cmd_reasoned_opts[] = {
	CMD_DIRECTORY,
	{ "reason", 0, OPT_STRING, offsetof(struct cmd_reasoned, reason), "TEXT",
		"why, for everybody to read", 0, 0 },
	CMD_WAIT,
	{ NULL, 0, 0, 0, NULL, NULL, 0, 0 },
};
const struct cmd_reasoned cmd_reasoned_defaults = { .common.wait_s = CMD_WAIT_DEFAULT_S };

const char *cmd_directory(const struct cmd_common *c)
{
	const char *env = getenv("ROOTYARD_TREE");

	if (c->directory)
		return c->directory;
	return env && *env ? env : ".";
}

int cmd_refuse_root(struct err *e)
{
	if (geteuid() == 0 || getuid() == 0)
		return err_set(e, ERR_USAGE,
			"refuses to run as root: it parses what others made and holds a "
			"signing "
			"key; give it a user of its own");
	return 0;
}

int cmd_open(const struct cmd_common *common, struct yard *out, struct err *e)
{
	if (cmd_refuse_root(e) < 0)
		return -1;
	return yard_open(cmd_directory(common), 0, 0, out, e);
}

/* What GnuPG and the dynamic linker read, and where they and we keep short-lived files.
 */
static const struct {
	const char *path;
	unsigned int access;
} system_places[] = {
	{ "/usr", SANDBOX_READ | SANDBOX_EXEC },
	{ "/bin", SANDBOX_READ | SANDBOX_EXEC },
	{ "/lib", SANDBOX_READ | SANDBOX_EXEC },
	{ "/lib64", SANDBOX_READ | SANDBOX_EXEC },
	{ "/etc", SANDBOX_READ },
	{ "/proc", SANDBOX_READ },
	{ "/sys/devices/system/cpu", SANDBOX_READ },
	{ "/dev/null", SANDBOX_READ | SANDBOX_WRITE },
	{ "/dev/tty", SANDBOX_READ | SANDBOX_WRITE },
	{ "/dev/zero", SANDBOX_READ },
	{ "/dev/random", SANDBOX_READ },
	{ "/dev/urandom", SANDBOX_READ },
	{ "/tmp", SANDBOX_READ | SANDBOX_WRITE },
	{ "/var/tmp", SANDBOX_READ | SANDBOX_WRITE },
};

struct rules {
	struct sandbox_rule rule[RULES_MAX];
	size_t count;
};

static int add_rule(struct rules *r, const char *path, unsigned int access, bool optional,
	struct err *e)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd < 0 && optional)
		return 0;
	if (fd < 0)
		return err_sys(e, "cannot open '%s'", path);
	if (r->count == RULES_MAX) {
		close(fd);
		return err_set(e, ERR_LIMIT, "too many directories at once");
	}
	r->rule[r->count++] = (struct sandbox_rule){ .fd = fd, .access = access };
	return 0;
}

static int collect(struct rules *r, const char *const *write_dirs, size_t write_count,
	const char *const *read_dirs, size_t read_count, struct err *e)
{
	const char *temp = getenv("TMPDIR");
	char run[64];

	snprintf(run, sizeof(run), "/run/user/%u", (unsigned int)getuid());
	for (size_t i = 0; i < ARRAY_COUNT(system_places); i++)
		if (add_rule(r, system_places[i].path, system_places[i].access, true, e) <
			0)
			return -1;
	if (add_rule(r, run, SANDBOX_READ | SANDBOX_WRITE, true, e) < 0 ||
		(temp && add_rule(r, temp, SANDBOX_READ | SANDBOX_WRITE, true, e) < 0))
		return -1;
	for (size_t i = 0; i < write_count; i++)
		if (add_rule(r, write_dirs[i], SANDBOX_READ | SANDBOX_WRITE, false, e) <
			0)
			return -1;
	for (size_t i = 0; i < read_count; i++)
		if (add_rule(r, read_dirs[i], SANDBOX_READ, true, e) < 0)
			return -1;
	return 0;
}

int cmd_confine(const char *const *write_dirs, size_t write_count,
	const char *const *read_dirs, size_t read_count, struct err *e)
{
	struct rules r = { .count = 0 };
	int rc = 0;

	if (cmd_refuse_root(e) < 0 || sandbox_no_core(e) < 0 ||
		sandbox_no_new_privs(e) < 0)
		return -1;
	/* the first interface forbids every rename between directories */
	if (sandbox_files_version() >= 2) {
		rc = collect(&r, write_dirs, write_count, read_dirs, read_count, e);
		if (rc == 0)
			rc = sandbox_files(r.rule, r.count, e);
	}
	for (size_t i = 0; i < r.count; i++)
		close(r.rule[i].fd);
	return rc < 0 ? -1 : 0;
}

static void tell(struct out *o, const struct recovered *r)
{
	if (r->generation)
		out_note(o, "finished generation %lld, which had been interrupted",
			(long long)r->generation);
	if (r->version)
		out_note(o, "finished version %lld of the signed metadata",
			(long long)r->version);
	if (r->removed)
		out_detail(o, "removed %u leftovers of an interrupted run", r->removed);
}

int cmd_open_writer(struct call *call, const struct cmd_common *common,
	const char *const *read_dirs, size_t read_dir_count, struct yard *out,
	struct err *e)
{
	const char *dirs[] = { cmd_directory(common) };
	struct recovered r;

	if (cmd_confine(dirs, 1, read_dirs, read_dir_count, e) < 0 ||
		yard_open(dirs[0], YARD_WRITE, (int)(common->wait_s * 1000), out, e) < 0)
		return -1;
	if (recover_yard(out, &r, e) < 0) {
		yard_close(out);
		return -1;
	}
	tell(call->out, &r);
	return 0;
}

int cmd_group(struct call *call, const char *name, const char *summary,
	const struct command *verbs)
{
	const struct program below = {
		.name = name, .summary = summary, .commands = verbs
	};
	auto_free char *first = xstrdup(name);
	auto_free char **argv = xcalloc((size_t)call->argc + 2, sizeof(*argv));

	argv[0] = first;
	for (int i = 0; i < call->argc; i++)
		argv[i + 1] = call->argv[i];
	return opt_main(&below, call->argc + 1, argv);
}

void cmd_time(int64_t time_s, char out[32])
{
	time_t t = (time_t)time_s;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(out, 32, "%Y-%m-%d %H:%M UTC", &tm))
		snprintf(out, 32, "%lld", (long long)time_s);
}
