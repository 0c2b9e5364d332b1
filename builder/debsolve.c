#include "builder/debsolve.h"

#include "builder/helper.h"
#include "builder/stanza.h"

#include "lib/base/atomic.h"
#include "lib/base/fs.h"
#include "lib/base/spawn.h"

#define APT_GET    "/usr/bin/apt-get"
#define OUTPUT_MAX (8U << 20)
#define STATUS_MAX (64U << 20)
#define WANTED_MAX 1024
#define PLAN_DIR   "plan"
#define HEADING    "The following additional packages will be installed:"

static const struct variant {
	const char *name, *priority[4];
} variants[] = {
	{ "essential", { NULL } },
	{ "minbase", { "required", NULL } },
	{ "required", { "required", NULL } },
	{ "-", { "required", "important", NULL } },
	{ "debootstrap", { "required", "important", NULL } },
	{ "important", { "required", "important", NULL } },
	{ "standard", { "required", "important", "standard", NULL } },
};

const char *const *debsolve_priorities(const char *variant)
{
	for (size_t i = 0; i < ARRAY_COUNT(variants); i++)
		if (strcmp(variants[i].name, variant) == 0)
			return variants[i].priority;
	return NULL;
}

/* ---- what apt says */

/* "Inst NAME (VERSION ORIGIN [ARCH]) ...": one that is there already has "[VERSION]"
 * behind its name. */
static int parse_inst(
	const char *line, unsigned int stage, struct debplan *out, struct err *e)
{
	char name[256], version[256];
	const char *open = strchr(line, '['), *close = open ? strchr(open, ']') : NULL;
	struct debplan_package *p;

	if (sscanf(line, "Inst %255s (%255s", name, version) != 2 || !close ||
		strchr(name, ':') || debplan_find(out, name))
		return err_set(
			e, ERR_PARSE, "apt would do something else: '%.100s'", line);
	if (debplan_add(out, &p, e) < 0)
		return -1;
	p->name = arena_strdup(&out->arena, name);
	p->version = arena_strdup(&out->arena, version);
	p->arch = arena_strndup(&out->arena, open + 1, (size_t)(close - open - 1));
	p->stage = stage;
	return 0;
}

static int parse_conf(const char *line, bool begins, struct debplan *out, struct err *e)
{
	char name[256];

	if (sscanf(line, "Conf %255s (", name) != 1)
		return err_set(
			e, ERR_PARSE, "apt would do something else: '%.100s'", line);
	return debplan_configure(out, name, begins, e);
}

static void mark_auto(const char *line, struct debplan *out)
{
	auto_free char *copy = xstrdup(line);
	char *rest = copy;

	for (char *word; (word = strsep(&rest, " "));) {
		struct debplan_package *p = debplan_find(out, word);

		if (p)
			p->is_auto = true;
	}
}

static int parse_lines(char *text, unsigned int stage, struct debplan *out, struct err *e)
{
	size_t first = out->count;
	bool unpacked = true;

	for (char *line; (line = strsep(&text, "\n"));) {
		if (strncmp(line, "Inst ", 5) == 0) {
			unpacked = true;
			if (parse_inst(line, stage, out, e) < 0)
				return -1;
		} else if (strncmp(line, "Conf ", 5) == 0) {
			/* dpkg is given the essential ones at once, in this order. */
			if (stage > 0 && parse_conf(line, unpacked, out, e) < 0)
				return -1;
			unpacked = false;
		} else if (strncmp(line, "Remv ", 5) == 0) {
			return err_set(e, ERR_PARSE, "apt would remove: '%.100s'", line);
		}
	}
	for (size_t i = first; stage == 0 && i < out->count; i++)
		if (debplan_configure(out, out->package[i].name, i == first, e) < 0)
			return -1;
	return 0;
}

/* Those that nobody named are listed before it is said what is done with them. */
static void parse_additional(char *text, struct debplan *out)
{
	bool inside = false;

	for (char *line; (line = strsep(&text, "\n"));) {
		if (inside && strncmp(line, "  ", 2) == 0)
			mark_auto(line + 2, out);
		else
			inside = strcmp(line, HEADING) == 0;
	}
}

int debsolve_parse(const char *text, unsigned int stage, struct debplan *out,
	char reason[REASON_MAX], struct err *e)
{
	auto_free char *lines = xstrdup(text), *again = xstrdup(text);

	if (parse_lines(lines, stage, out, e) < 0) {
		if (e->code != ERR_PARSE)
			return -1;
		snprintf(reason, REASON_MAX, "%.500s", e->text);
		return 1;
	}
	if (stage > 0)
		parse_additional(again, out);
	return 0;
}

/* ---- what apt sees */

static int write_text(const struct job *j, const char *below, const char *name,
	const struct buf *text, struct err *e)
{
	auto_free char *path = xasprintf(PLAN_DIR "/%s", below);
	auto_fd int dir = fs_open_dir_at(j->work_dir, path, e);

	if (dir < 0 || buf_check(text, name, e) < 0)
		return -1;
	return atomic_write_file(dir, name, buf_bytes(text), 0644, e);
}

/* Archives are called a0, a1, ...: what files of lists are called follows from that. */
static int write_lists(const struct job *j, const struct debsolve *s, struct err *e)
{
	for (size_t i = 0; i < s->index_count; i++) {
		auto_free char *name =
			xasprintf("a%zu_dists_%s_InRelease", i, s->index[i].suite);

		if (write_text(j, "lists", name, &s->index[i].text, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < s->text_count; i++) {
		const struct debsolve_text *t = &s->text[i];
		auto_free char *name = xasprintf("a%zu_dists_%s_%s_binary-%s_Packages",
			t->index, s->index[t->index].suite, t->component, s->arch);

		if (write_text(j, "lists", name, t->text, e) < 0)
			return -1;
	}
	return 0;
}

static int write_sources(const struct job *j, const struct debsolve *s, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(65536);

	for (size_t i = 0; i < s->index_count; i++) {
		const struct debindex *x = &s->index[i];

		buf_printf(&text, "deb [trusted=yes] http://a%zu %s", i, x->suite);
		for (size_t k = 0; k < x->component_count; k++)
			buf_printf(&text, " %s", x->component[k]);
		buf_add_str(&text, "\n");
	}
	return write_text(j, "etc/apt", "sources.list", &text, e);
}

static int write_config(const struct job *j, const char *arch, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(65536);

	buf_printf(&text,
		"Dir \"%s/" PLAN_DIR "\";\n"
		"Dir::State::Lists \"%s/" PLAN_DIR
		"/lists\";\nDir::State::Status \"%s/" PLAN_DIR "/status\";\n"
		"Dir::Cache::pkgcache \"\";\nDir::Cache::srcpkgcache \"\";\n"
		"APT::Architecture \"%s\";\nAPT::Architectures \"%s\";\n"
		"APT::Install-Recommends \"false\";\nAcquire::Languages \"none\";\n"
		"pkgCacheGen::ForceEssential \",\";\nDebug::NoLocking \"true\";\n",
		j->work, j->work, j->work, arch, arch);
	return write_text(j, ".", "apt.conf", &text, e);
}

static int prepare(const struct job *j, const struct debsolve *s, struct err *e)
{
	static const char *const dirs[] = { PLAN_DIR "/lists/partial",
		PLAN_DIR "/etc/apt/apt.conf.d", PLAN_DIR "/etc/apt/preferences.d",
		PLAN_DIR "/etc/apt/sources.list.d" };
	const struct buf nothing = BUF_INIT(1);

	for (size_t i = 0; i < ARRAY_COUNT(dirs); i++)
		if (fs_mkdirs(j->work_dir, dirs[i], 0755, e) < 0)
			return -1;
	if (write_lists(j, s, e) < 0 || write_sources(j, s, e) < 0 ||
		write_config(j, s->arch, e) < 0)
		return -1;
	return write_text(j, ".", "status", &nothing, e);
}

/* ---- asking it */

/* apt passes over a configuration that it may not read, and takes this host's. */
static int become_reader(void *ctx)
{
	int error = helper_become_user(NULL);

	return error || access(ctx, R_OK) == 0 ? error : errno;
}

static int ask(struct job *j, const char *const *words, struct buf *text,
	char reason[REASON_MAX], struct err *e)
{
	auto_free char *path = xasprintf("%s/" PLAN_DIR "/apt.conf", j->work);
	auto_free char *config = xasprintf("APT_CONFIG=%s", path);
	const char *env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
		config, NULL };
	const char *argv[WANTED_MAX + 8] = { APT_GET, "-s", "-y", "install", "--" };
	struct spawn s = SPAWN_INIT;
	int64_t from = job_log_end(j);
	size_t count = 5;
	struct err why;
	int status;

	for (; *words; words++)
		argv[count++] = *words;
	s.argv = argv;
	s.env = env;
	s.stderr_fd = j->log_fd;
	s.die_with_parent = true;
	s.in_child = become_reader;
	s.ctx = path;
	if (spawn_capture(&s, text, &status, e) < 0) {
		if (e->sys != EACCES)
			return -1;
		snprintf(reason, REASON_MAX, "no user but root may read '%s'", path);
		return 1;
	}
	if (status == 0)
		return 0;
	err_set(&why, ERR_FAILED, "apt finds no such set of packages");
	job_cause(j, from, &why);
	snprintf(reason, REASON_MAX, "%.500s", why.text);
	return 1;
}

static char *pattern_of(const struct debsolve *s, const char *what)
{
	return xasprintf("?narrow(?or(?archive(^%s$),?codename(^%s$)),"
			 "?architecture(%s),%s)",
		s->suite, s->suite, s->arch, what);
}

/* "?and(?or(?priority(required),...),?not(?essential))" */
static char *rest_of(const struct debsolve *s)
{
	const char *const *priority = debsolve_priorities(s->variant);
	auto_buf struct buf any = BUF_INIT(4096);
	auto_free char *what = NULL;

	if (!priority || !*priority)
		return NULL;
	for (size_t i = 0; priority[i]; i++)
		buf_printf(&any, "%s?priority(%s)", i ? "," : "", priority[i]);
	what = xasprintf("?and(?or(%s),?not(?essential))", buf_str(&any));
	return pattern_of(s, what);
}

/* Where each package of this stage is to be had; what apt is to believe installed. */
static int locate(const struct debsolve *s, unsigned int stage, struct debplan *p,
	struct buf *status, struct err *e)
{
	for (size_t i = 0; i < s->text_count; i++) {
		struct bytes rest = buf_bytes(s->text[i].text), stanza;

		while (stanza_next(&rest, &stanza)) {
			struct bytes name = stanza_get(stanza, "Package");
			auto_free char *text =
				xasprintf("%.*s", (int)name.len, (const char *)name.data);
			struct debplan_package *x = debplan_find(p, text);

			if (!x || *x->file || x->stage != stage ||
				!bytes_equal_str(
					stanza_get(stanza, "Version"), x->version) ||
				!bytes_equal_str(
					stanza_get(stanza, "Architecture"), x->arch))
				continue;
			if (debplan_take(
				    p, x, stanza, (unsigned int)s->text[i].index, e) < 0)
				return -1;
			buf_printf(status, "Status: install ok installed\n%.*s\n",
				(int)stanza.len, (const char *)stanza.data);
		}
	}
	for (size_t i = 0; i < p->count; i++)
		if (!*p->package[i].file)
			return err_set(e, ERR_UPSTREAM, "'%s' %s is in no signed index",
				p->package[i].name, p->package[i].version);
	return 0;
}

static int solve_stage(struct job *j, const struct debsolve *s, unsigned int stage,
	const char *const *words, struct debplan *out, char reason[REASON_MAX],
	struct err *e)
{
	auto_buf struct buf text = BUF_INIT(OUTPUT_MAX), status = BUF_INIT(STATUS_MAX);
	int rc = ask(j, words, &text, reason, e);

	if (rc == 0)
		rc = debsolve_parse(buf_str(&text), stage, out, reason, e);
	if (rc != 0)
		return rc;
	if (locate(s, stage, out, &status, e) < 0)
		return -1;
	return stage == 0 ? write_text(j, ".", "status", &status, e) : 0;
}

int debsolve_run(struct job *j, const struct debsolve *s, struct debplan *out,
	char reason[REASON_MAX], struct err *e)
{
	auto_free char *essential = pattern_of(s, "?essential"), *rest = rest_of(s);
	const char *words[WANTED_MAX + 2] = { essential, NULL };
	size_t count = 0;
	int rc;

	if (prepare(j, s, e) < 0)
		return -1;
	rc = solve_stage(j, s, 0, words, out, reason, e);
	if (rc != 0)
		return rc;
	for (; s->wanted[count]; count++) {
		if (count == WANTED_MAX)
			return err_set(
				e, ERR_LIMIT, "more than %d early packages", WANTED_MAX);
		words[count] = s->wanted[count];
	}
	words[count++] = rest ? rest : NULL;
	words[rest ? count : count - 1] = NULL;
	return words[0] ? solve_stage(j, s, 1, words, out, reason, e) : 0;
}
