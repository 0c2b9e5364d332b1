#include "builder/matrix.h"

#include "builder/load.h"

#include "lib/base/jsonw.h"

#include <time.h>

#define SHELL_MAX 65536

void matrix_init(struct matrix *m)
{
	*m = (struct matrix){ 0 };
}

void matrix_release(struct matrix *m)
{
	arena_release(&m->arena);
	free(m->cell);
	*m = (struct matrix){ 0 };
}

/* ---- from recipes to cells */

static void add_cell(struct matrix *m, const char *dir, const struct releases *all,
	const struct release *r, const char *arch, const char *variant)
{
	struct cell *c;

	if (m->count == m->room) {
		m->room = m->room ? m->room * 2 : 64;
		m->cell = xrealloc(m->cell, m->room * sizeof(*m->cell));
	}
	c = &m->cell[m->count++];
	*c = (struct cell){ .dir = dir,
		.eol = arena_strdup(&m->arena, text_str(&r->eol)),
		.timeout_s = r->timeout_s };
	snprintf(c->image.distro, sizeof(c->image.distro), "%s", text_str(&all->distro));
	snprintf(c->image.release, sizeof(c->image.release), "%s", text_str(&r->name));
	snprintf(c->image.arch, sizeof(c->image.arch), "%s", arch);
	snprintf(c->image.variant, sizeof(c->image.variant), "%s", variant);
	image_format(&c->image, c->name);
	c->target = arena_printf(
		&m->arena, "%s/%s/%s", c->image.release, c->image.arch, variant);
}

static void add_release(struct matrix *m, const char *dir, const struct releases *all,
	const struct release *r)
{
	for (size_t a = 0; a < r->arches.count; a++)
		for (size_t v = 0; v < r->variants.count; v++)
			add_cell(m, dir, all, r, text_str(&r->arches.item[a]),
				text_str(&r->variants.item[v]));
}

int matrix_add(struct matrix *m, const char *dir, struct out *o, struct err *e)
{
	auto_loaded struct loaded l = { 0 };
	int64_t now_s = (int64_t)time(NULL);

	if (load_open(dir, &l, e) < 0 || load_judge_buildable(&l, o, e) < 0)
		return -1;
	dir = arena_strdup(&m->arena, dir);
	for (size_t i = 0; i < l.releases.releases.count; i++) {
		const struct release *r = &l.releases.releases.item[i];
		const struct text *missing = load_missing_key(dir, r);

		if (missing)
			out_warn(o,
				"%s/%s is left out: put the archive's key into '%s/%s'",
				text_str(&l.releases.distro), text_str(&r->name), dir,
				text_str(missing));
		else if (!r->accept_eol && release_eol_s(r) <= now_s)
			out_note(o, "%s/%s is past its end of life (%s)",
				text_str(&l.releases.distro), text_str(&r->name),
				text_str(&r->eol));
		else
			add_release(m, dir, &l.releases, r);
	}
	return 0;
}

/* ---- the forms */

static void say_cell(struct jsonw *w, const struct cell *c)
{
	jsonw_object(w);
	jsonw_kstr(w, "image", c->name);
	jsonw_kstr(w, "distro", c->image.distro);
	jsonw_kstr(w, "release", c->image.release);
	jsonw_kstr(w, "arch", c->image.arch);
	jsonw_kstr(w, "variant", c->image.variant);
	jsonw_kstr(w, "recipe", c->dir);
	jsonw_kstr(w, "target", c->target);
	jsonw_kstr(w, "eol", c->eol);
	jsonw_kint(w, "timeout_s", (int64_t)c->timeout_s);
	jsonw_end_object(w);
}

static void format_json(const struct matrix *m, struct buf *out)
{
	for (size_t i = 0; i < m->count; i++) {
		struct jsonw w = jsonw_to(out);

		say_cell(&w, &m->cell[i]);
		buf_add_byte(out, '\n');
	}
}

static void format_table(const struct matrix *m, struct buf *out)
{
	for (size_t i = 0; i < m->count; i++)
		buf_printf(out, "%-44s %s\n", m->cell[i].name, m->cell[i].eol);
}

/* What `strategy: matrix: ${{ fromJSON(...) }}` takes. */
static void format_github(const struct matrix *m, struct buf *out)
{
	struct jsonw w = jsonw_to(out);

	jsonw_object(&w);
	jsonw_key(&w, "include");
	jsonw_array(&w);
	for (size_t i = 0; i < m->count; i++)
		say_cell(&w, &m->cell[i]);
	jsonw_end_array(&w);
	jsonw_end_object(&w);
	buf_add_byte(out, '\n');
}

/* One word for a POSIX shell. */
static void add_quoted(struct buf *out, const char *word)
{
	buf_add_byte(out, '\'');
	for (; *word; word++)
		if (*word == '\'')
			buf_add_str(out, "'\\''");
		else
			buf_add_byte(out, (unsigned char)*word);
	buf_add_byte(out, '\'');
}

static void gitlab_job(struct jsonw *w, const struct cell *c)
{
	auto_buf struct buf script = BUF_INIT(SHELL_MAX), timeout = BUF_INIT(64);

	buf_add_str(&script, "rootyard-build build --out incoming ");
	add_quoted(&script, c->dir);
	buf_printf(&script, " %s", c->target);
	buf_printf(&timeout, "%llu seconds", (unsigned long long)c->timeout_s);
	jsonw_object(w);
	jsonw_key(w, "tags");
	jsonw_array(w);
	jsonw_str(w, c->image.arch);
	jsonw_end_array(w);
	if (c->timeout_s)
		jsonw_kstr(w, "timeout", buf_str(&timeout));
	jsonw_key(w, "script");
	jsonw_array(w);
	jsonw_str(w, buf_str(&script));
	jsonw_end_array(w);
	jsonw_key(w, "artifacts");
	jsonw_object(w);
	jsonw_kstr(w, "when", "always");
	jsonw_key(w, "paths");
	jsonw_array(w);
	jsonw_str(w, "incoming/");
	jsonw_end_array(w);
	jsonw_end_object(w);
	jsonw_end_object(w);
}

/* A child pipeline: YAML, each job's value in the JSON subset of it. */
static void format_gitlab(const struct matrix *m, struct buf *out)
{
	for (size_t i = 0; i < m->count; i++) {
		struct jsonw name = jsonw_to(out), job = jsonw_to(out);

		jsonw_str(&name, m->cell[i].name);
		buf_add_str(out, ": ");
		gitlab_job(&job, &m->cell[i]);
		buf_add_byte(out, '\n');
	}
}

static uint64_t longest_s(const struct matrix *m)
{
	uint64_t longest = 0;

	for (size_t i = 0; i < m->count; i++)
		if (m->cell[i].timeout_s > longest)
			longest = m->cell[i].timeout_s;
	return longest;
}

/* A job array, ready for sbatch. */
static void format_slurm(const struct matrix *m, struct buf *out)
{
	buf_add_str(out, "#!/bin/sh\n#SBATCH --job-name=rootyard\n");
	if (m->count)
		buf_printf(out, "#SBATCH --array=0-%zu\n", m->count - 1);
	if (longest_s(m))
		buf_printf(out, "#SBATCH --time=%llu\n",
			(unsigned long long)(longest_s(m) + 59) / 60);
	buf_add_str(out, "case ${SLURM_ARRAY_TASK_ID:?} in\n");
	for (size_t i = 0; i < m->count; i++) {
		buf_printf(out, "%zu) set -- ", i);
		add_quoted(out, m->cell[i].dir);
		buf_printf(out, " %s ;;\n", m->cell[i].target);
	}
	buf_add_str(out, "*) exit 2 ;;\nesac\n"
			 "exec rootyard-build build --out \"${ROOTYARD_OUT:-incoming}\" "
			 "\"$@\"\n");
}

struct form {
	const char *name;
	void (*write)(const struct matrix *m, struct buf *out);
};

static const struct form forms[] = {
	{ "table", format_table },
	{ "github", format_github },
	{ "gitlab", format_gitlab },
	{ "slurm", format_slurm },
};

static const struct form *find_form(const char *name)
{
	for (size_t i = 0; i < ARRAY_COUNT(forms); i++)
		if (strcmp(forms[i].name, name) == 0)
			return &forms[i];
	return NULL;
}

int matrix_check_format(const char *format, struct err *e)
{
	if (find_form(format))
		return 0;
	return err_set(e, ERR_USAGE,
		"option '--format': '%s' is not table, github, gitlab or slurm", format);
}

void matrix_format(const struct matrix *m, const char *format, bool json, struct buf *out)
{
	const struct form *form = find_form(format);

	if (json && form && form->write == format_table)
		format_json(m, out);
	else if (form)
		form->write(m, out);
}
