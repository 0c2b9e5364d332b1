#include "builder/mirror.h"

#include "builder/fetched.h"
#include "builder/inrelease.h"

#include "lib/base/spawn.h"

#define APT_GET  "/usr/bin/apt-get"
#define URIS_MAX (256U << 10)

struct part {
	const char *leaf;     /* last component of the archive's path */
	const char *official; /* where it is without a mirror */
	const char *suffix;   /* of the suite */
};

struct known {
	const char *name;
	struct part part[4]; /* the first must be there */
};

static const struct known mirrors[] = {
	{ "debian",
		{ { "debian", "http://ftp.debian.org/debian", "" },
			{ "debian", "http://ftp.debian.org/debian", "-updates" },
			{ "debian-security", "http://security.debian.org/debian-security",
				"-security" } } },
	/* Of a release past its end the archive keeps the lists of security updates
	 * longer than all the packages in them. */
	{ "debian-without-security",
		{ { "debian", "http://ftp.debian.org/debian", "" },
			{ "debian", "http://ftp.debian.org/debian", "-updates" } } },
};

const char *mirror_pick(const char *uris, const char *leaf, struct arena *arena)
{
	size_t leaf_len = strlen(leaf);

	for (const char *line = uris; *line;) {
		size_t len = strcspn(line, "\n"), used = len;

		while (used && line[used - 1] == '/')
			used--;
		if (used > leaf_len && line[used - leaf_len - 1] == '/' &&
			memcmp(line + used - leaf_len, leaf, leaf_len) == 0 &&
			strncmp(line, "http", 4) == 0)
			return arena_strndup(arena, line, used);
		line += len + (line[len] == '\n');
	}
	return NULL;
}

/* What this host's apt is set up with, one URI a line; nothing on a host without apt. The
 * indexes that it has fetched say nothing of that, and reading them is what it would spend
 * its time on. */
static void host_archives(struct job *j, struct buf *uris)
{
	static const char *const argv[] = { APT_GET, "indextargets", "--no-release-info",
		"-o", "Dir::State::lists=/nonexistent/", "--format", "$(REPO_URI)",
		NULL };
	struct spawn s = SPAWN_INIT;
	struct err ignored;
	int status;

	s.argv = argv;
	s.stderr_fd = j->log_fd;
	if (spawn_capture(&s, uris, &status, &ignored) < 0 || status != 0)
		buf_clear(uris);
}

/* 0 it is there; ERR_NOTFOUND or another failure otherwise. */
static int probe(struct job *j, const char *archive, const char *suite,
	const struct digest **inrelease, struct err *e)
{
	auto_free char *url = xasprintf("%s/dists/%s/InRelease", archive, suite);
	const struct wanted w = { .url = url, .max_bytes = INRELEASE_MAX };
	auto_fetched struct fetched f = FETCHED_INIT;
	struct digest *found;

	if (fetched_get(j, &w, &f, e) < 0)
		return -1;
	found = arena_alloc(&j->arena, sizeof(*found));
	*found = f.sha256;
	*inrelease = found;
	return 0;
}

static const char *find_archive(struct job *j, const struct part *part, const char *own,
	const char *suite, const struct digest **inrelease, struct err *e)
{
	struct err first;

	if (own && probe(j, own, suite, inrelease, e) == 0)
		return own;
	first = *e;
	if (own && strcmp(own, part->official) == 0)
		return NULL;
	if (probe(j, part->official, suite, inrelease, e) == 0)
		return part->official;
	/* The host's own archive answered, so the official one need not be reachable. */
	if (own && first.code == ERR_NOTFOUND)
		*e = first;
	return NULL;
}

/* The host's name of an archive stays out of the image. */
static void note_name(struct job *j, const char *own, const char *official)
{
	for (size_t i = 0; i < j->mirror_count; i++)
		if (strcmp(j->mirror[i].own, own) == 0)
			return;
	if (j->mirror_count < JOB_MIRRORS_MAX)
		j->mirror[j->mirror_count++] =
			(struct mirror_name){ .own = own, .official = official };
}

static int add_line(struct job *j, const struct part *part, const char *own,
	const char *suite, const char *components, struct mirror *out, struct err *e)
{
	const char *full = arena_printf(&j->arena, "%s%s", suite, part->suffix);
	const char *archive =
		find_archive(j, part, own, full, &out->inrelease[out->count], e);

	if (archive) {
		note_name(j, archive, part->official);
		out->line[out->count++] = arena_printf(
			&j->arena, "deb %s %s %s", archive, full, components);
		return 0;
	}
	if (e->code == ERR_NOTFOUND && part->suffix[0])
		return 0;
	e->code = ERR_UPSTREAM;
	return err_wrap(e, "no archive carries '%s'", full);
}

int mirror_resolve(struct job *j, const char *name, const char *suite,
	const char *components, struct mirror *out, struct err *e)
{
	auto_buf struct buf uris = BUF_INIT(URIS_MAX);
	const struct known *known = NULL;

	for (size_t i = 0; i < ARRAY_COUNT(mirrors); i++)
		if (strcmp(mirrors[i].name, name) == 0)
			known = &mirrors[i];
	if (!known)
		return err_set(
			e, ERR_RECIPE, "unknown mirror '%s' in releases.yaml", name);
	host_archives(j, &uris);
	out->count = 0;
	for (size_t i = 0; i < ARRAY_COUNT(known->part) && known->part[i].leaf; i++) {
		const struct part *part = &known->part[i];
		const char *own = mirror_pick(buf_str(&uris), part->leaf, &j->arena);

		if (add_line(j, part, own, suite, components, out, e) < 0)
			return -1;
	}
	return 0;
}
