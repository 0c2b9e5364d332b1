#include "builder/debplan.h"

#include "builder/stanza.h"

#include "lib/base/relpath.h"

#define MAGIC "rootyard-plan 2"

void debplan_init(struct debplan *p)
{
	*p = (struct debplan){ 0 };
}

void debplan_release(struct debplan *p)
{
	arena_release(&p->arena);
	free(p->package);
	free(p->configure);
	free(p->begins);
	*p = (struct debplan){ 0 };
}

int debplan_add(struct debplan *p, struct debplan_package **out, struct err *e)
{
	if (p->count == DEBPLAN_MAX)
		return err_set(e, ERR_LIMIT, "more than %d packages", DEBPLAN_MAX);
	if (p->count == p->room) {
		p->room = p->room ? p->room * 2 : 256;
		p->package = xrealloc(p->package, p->room * sizeof(*p->package));
		p->configure = xrealloc(p->configure, p->room * sizeof(*p->configure));
		p->begins = xrealloc(p->begins, p->room * sizeof(*p->begins));
	}
	*out = &p->package[p->count++];
	**out = (struct debplan_package){ .name = "",
		.version = "",
		.arch = "",
		.file = "",
		.after = p->configure_count };
	return 0;
}

struct debplan_package *debplan_find(const struct debplan *p, const char *name)
{
	for (size_t i = 0; i < p->count; i++)
		if (strcmp(p->package[i].name, name) == 0)
			return &p->package[i];
	return NULL;
}

bool debplan_has_stage(const struct debplan *p, unsigned int stage)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->package[i].stage == stage)
			return true;
	return false;
}

static bool is_word(const char *text)
{
	return *text && !strpbrk(text, " \t\r\n") && strlen(text) <= DEBPLAN_FIELD_MAX;
}

int debplan_take(struct debplan *p, struct debplan_package *x, struct bytes stanza,
	unsigned int index, struct err *e)
{
	struct bytes hex = stanza_get(stanza, "SHA256"),
		     size = stanza_get(stanza, "Size"),
		     file = stanza_get(stanza, "Filename");
	auto_free char *digits =
		xasprintf("%.*s", (int)size.len, (const char *)size.data);
	auto_free char *sum = xasprintf("%.*s", (int)hex.len, (const char *)hex.data);
	struct relpath path;

	x->file = arena_strndup(
		&p->arena, file.data ? file.data : (const void *)"", file.len);
	x->size = strtoll(digits, NULL, 10);
	x->index = index;
	if (!is_word(x->file) || relpath_parse(x->file, &path, e) < 0 || x->size <= 0 ||
		x->size > DEBPLAN_DEB_MAX || digest_parse(sum, &x->sha256, e) < 0)
		return err_set(e, ERR_PARSE,
			"the index entry of '%s' names no file, size or digest", x->name);
	return 0;
}

static int configure_at(struct debplan *p, size_t at, bool begins, struct err *e)
{
	if (at >= p->count)
		return err_set(e, ERR_PARSE, "package %zu is in no plan", at);
	for (size_t i = 0; i < p->configure_count; i++)
		if (p->configure[i] == at)
			return err_set(e, ERR_PARSE, "'%s' is configured twice",
				p->package[at].name);
	p->begins[p->configure_count] = begins;
	p->configure[p->configure_count++] = at;
	return 0;
}

int debplan_configure(struct debplan *p, const char *name, bool begins, struct err *e)
{
	const struct debplan_package *found = debplan_find(p, name);

	if (!found)
		return err_set(
			e, ERR_PARSE, "'%s' is configured, but not unpacked", name);
	return configure_at(p, (size_t)(found - p->package), begins, e);
}

/* ---- as text */

static void format_package(const struct debplan_package *x, struct buf *out)
{
	char hex[DIGEST_HEX];

	digest_hex(&x->sha256, hex);
	buf_printf(out, "package %u %u %u %lld %s %s %s %s %s\n", x->stage, x->is_auto,
		x->index, (long long)x->size, hex, x->name, x->version, x->arch, x->file);
}

void debplan_format(const struct debplan *p, struct buf *out)
{
	size_t next = 0;

	buf_add_str(out, MAGIC "\n");
	for (size_t i = 0; i < p->configure_count; i++) {
		for (; next < p->count && p->package[next].after <= i; next++)
			format_package(&p->package[next], out);
		buf_printf(out, "%s %zu\n", p->begins[i] ? "call" : "configure",
			p->configure[i]);
	}
}

static int parse_package(struct debplan *p, const char *line, struct err *e)
{
	char hex[DIGEST_HEX], name[DEBPLAN_FIELD_MAX + 1], version[DEBPLAN_FIELD_MAX + 1],
		arch[64], file[DEBPLAN_FIELD_MAX + 1];
	unsigned int stage, is_auto, index;
	struct debplan_package *x;
	long long size;
	int end = 0;

	if (sscanf(line, "package %u %u %u %lld %64s %511s %511s %63s %511s%n", &stage,
		    &is_auto, &index, &size, hex, name, version, arch, file, &end) != 9 ||
		line[end] || stage >= DEBPLAN_STAGES || is_auto > 1 || size <= 0 ||
		size > DEBPLAN_DEB_MAX)
		return err_set(e, ERR_PARSE, "no package: '%.80s'", line);
	if (debplan_add(p, &x, e) < 0 || digest_parse(hex, &x->sha256, e) < 0)
		return -1;
	x->stage = stage;
	x->is_auto = is_auto;
	x->index = index;
	x->size = size;
	x->name = arena_strdup(&p->arena, name);
	x->version = arena_strdup(&p->arena, version);
	x->arch = arena_strdup(&p->arena, arch);
	x->file = arena_strdup(&p->arena, file);
	return 0;
}

static int parse_line(struct debplan *p, const char *line, struct err *e)
{
	size_t at;
	int end = 0;

	if (strncmp(line, "package ", 8) == 0)
		return parse_package(p, line, e);
	if (sscanf(line, "configure %zu%n", &at, &end) == 1 && !line[end])
		return configure_at(p, at, false, e);
	if (sscanf(line, "call %zu%n", &at, &end) == 1 && !line[end])
		return configure_at(p, at, true, e);
	return err_set(e, ERR_PARSE, "no line of a plan: '%.80s'", line);
}

static unsigned int stage_at(const struct debplan *p, size_t i)
{
	return p->package[p->configure[i]].stage;
}

int debplan_parse(struct bytes text, struct debplan *out, struct err *e)
{
	auto_free char *copy = xasprintf("%.*s", (int)text.len, (const char *)text.data);
	char *rest = copy, *first = strsep(&rest, "\n");

	if (strcmp(first, MAGIC) != 0)
		return err_set(e, ERR_PARSE, "no plan");
	for (char *line; (line = strsep(&rest, "\n"));)
		if (*line && parse_line(out, line, e) < 0)
			return -1;
	if (out->count == 0 || out->configure_count != out->count)
		return err_set(e, ERR_PARSE, "a plan that is not whole");
	for (size_t i = 0; i < out->count; i++)
		if (!out->begins[i] &&
			(i == 0 || stage_at(out, i) != stage_at(out, i - 1)))
			return err_set(e, ERR_PARSE, "a stage of a plan calls nothing");
	return 0;
}
