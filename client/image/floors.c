#include "client/image/floors.h"

#include "lib/base/atomic.h"
#include "lib/base/fs.h"
#include "lib/model/start.h"

#include <inttypes.h>

#define FLOORS_FILE  "floors"
#define FLOORS_MAX   4096
#define LOCK_WAIT_MS 30000

/* Every number of the file; the order is the order of lines. */
static const struct {
	const char *key;
	size_t offset;
} numbers[] = {
	{ "root_version", offsetof(struct floors, root_version) },
	{ "seen_root", offsetof(struct floors, seen_root) },
	{ "version", offsetof(struct floors, version) },
	{ "generation", offsetof(struct floors, generation) },
	{ "created", offsetof(struct floors, created_s) },
};

static int64_t *number_of(struct floors *f, size_t i)
{
	return (int64_t *)(void *)((char *)f + numbers[i].offset);
}

static int damaged(const char *remote, const char *what, struct err *e)
{
	return err_set(e, ERR_DAMAGED,
		"what is remembered of the remote '%s' is damaged (%s): remove it with "
		"'rootyard remote rm %s' and add it again",
		remote, what, remote);
}

static bool number_parse(const char *text, int64_t *out)
{
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*out = strtoll(text, &end, 10);
	return errno == 0 && *end == '\0' && *out < INT64_C(1) << 53;
}

static bool repo_is_valid(const char *text)
{
	return strlen(text) == 32 && strspn(text, "0123456789abcdef") == 32;
}

static int floors_parse(
	struct bytes text, const char *remote, struct floors *out, struct err *e)
{
	struct floors f = { 0 };
	char value[64];
	struct err ignored;

	if (start_get(text, "repo", value, sizeof(value), &ignored) < 0 ||
		!repo_is_valid(value))
		return damaged(remote, "repo", e);
	memcpy(f.repo, value, sizeof(f.repo));
	for (size_t i = 0; i < ARRAY_COUNT(numbers); i++)
		if (start_get(text, numbers[i].key, value, sizeof(value), &ignored) < 0 ||
			!number_parse(value, number_of(&f, i)))
			return damaged(remote, numbers[i].key, e);
	if (f.root_version < 1)
		return damaged(remote, "root_version", e);
	*out = f;
	return 0;
}

int floors_load(int state_fd, const char *remote, struct floors *out, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(FLOORS_MAX);

	if (fs_read_at(state_fd, FLOORS_FILE, &text, e) < 0)
		return e->code == ERR_NOTFOUND ? -1 : damaged(remote, e->text, e);
	return floors_parse(buf_bytes(&text), remote, out, e);
}

static int floors_write(int state_fd, const struct floors *f, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(FLOORS_MAX);
	struct floors copy = *f;
	char value[32];

	start_line(&text, "repo", copy.repo);
	for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
		snprintf(value, sizeof(value), "%" PRId64, *number_of(&copy, i));
		start_line(&text, numbers[i].key, value);
	}
	if (buf_check(&text, "the floors", e) < 0)
		return -1;
	return atomic_write_file(state_fd, FLOORS_FILE, buf_bytes(&text), 0600, e);
}

static int64_t higher(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

int floors_raise(int state_fd, const char *remote, const struct floors *f, struct err *e)
{
	auto_fd int lock = fs_lock(state_fd, "lock", LOCK_WAIT_MS, e);
	struct floors now, next = *f;

	if (lock < 0)
		return err_wrap(e, "cannot remember the state of '%s'", remote);
	if (floors_load(state_fd, remote, &now, e) < 0) {
		if (e->code != ERR_NOTFOUND)
			return -1;
		return floors_write(state_fd, &next, e);
	}
	if (now.root_version > next.root_version)
		return 0; /* another process stands on a newer root already */
	if (now.root_version == next.root_version)
		for (size_t i = 0; i < ARRAY_COUNT(numbers); i++)
			*number_of(&next, i) =
				higher(*number_of(&now, i), *number_of(&next, i));
	return floors_write(state_fd, &next, e);
}

static int below(const char *what, int64_t got, int64_t floor, struct err *e)
{
	return err_set(e, ERR_UNTRUSTED,
		"%s went back from %" PRId64 " to %" PRId64
		": an old state of the server is being replayed",
		what, floor, got);
}

int floors_check(const struct floors *f, const struct current *c, struct err *e)
{
	if (strcmp(f->repo, c->repo) != 0)
		return err_set(e, ERR_UNTRUSTED,
			"another repository answers: '%s' where '%s' was pinned", c->repo,
			f->repo);
	if (c->root_version < f->seen_root)
		return below("the root version", c->root_version, f->seen_root, e);
	if (c->version < f->version)
		return below("the version", c->version, f->version, e);
	if (c->generation < f->generation)
		return below("the generation", c->generation, f->generation, e);
	if (c->created_s < f->created_s)
		return below("the time of creation", c->created_s, f->created_s, e);
	return 0;
}
