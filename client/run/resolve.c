#include "client/run/resolve.h"

#include "lib/base/fs.h"

#include <fcntl.h>

#define ALIASES_MAX  (1U << 20)
#define REF_FILE_MAX 256

struct search {
	const struct store *store;
	struct image_ref want;
	bool full;
	unsigned int found;
	char remotes[256]; /* those that have it, for the sentence */
	struct stored_image *out;
};

bool alias_find(struct bytes text, const char *name, char *out, size_t out_size)
{
	size_t name_len = strlen(name), at = 0;

	while (at < text.len) {
		const unsigned char *line = text.data + at;
		const unsigned char *end = memchr(line, '\n', text.len - at);
		size_t len = end ? (size_t)(end - line) : text.len - at;

		at += len + 1;
		if (len <= name_len + 1 || memcmp(line, name, name_len) != 0 ||
			line[name_len] != ' ' || len - name_len - 1 >= out_size)
			continue;
		memcpy(out, line + name_len + 1, len - name_len - 1);
		out[len - name_len - 1] = '\0';
		return true;
	}
	return false;
}

/* Follows one alias of this remote: "debian" or "debian/13" -> "debian/trixie". */
static bool apply_alias(const struct search *s, const char *remote, struct image *i)
{
	auto_buf struct buf text = BUF_INIT(ALIASES_MAX);
	char path[PLACE_MAX], name[2 * IMAGE_PART_MAX + 2],
		target[2 * IMAGE_PART_MAX + 2];
	struct image_ref to;
	struct err ignored;

	snprintf(path, sizeof(path), "refs/%s/aliases", remote);
	snprintf(name, sizeof(name), "%s%s%s", i->distro, *i->release ? "/" : "",
		i->release);
	if (fs_read_at(s->store->data_fd, path, &text, &ignored) < 0 ||
		!alias_find(buf_bytes(&text), name, target, sizeof(target)) ||
		image_ref_parse(target, &to, &ignored) < 0 || !*to.image.release)
		return false;
	memcpy(i->distro, to.image.distro, sizeof(i->distro));
	memcpy(i->release, to.image.release, sizeof(i->release));
	return true;
}

static bool image_is_here(const struct search *s, const char *id)
{
	char path[PLACE_MAX];

	snprintf(path, sizeof(path), "images/%s/rootfs", id);
	return fs_exists_at(s->store->data_fd, path);
}

static bool is_single(const char *id)
{
	return strlen(id) > 64;
}

static void take(
	struct search *s, const char *remote, const struct image *i, const char *id)
{
	char name[IMAGE_NAME_MAX];
	size_t used = strlen(s->remotes);

	snprintf(s->remotes + used, sizeof(s->remotes) - used, "%s'%s'",
		used ? " and " : "", remote);
	if (s->found++ > 0)
		return;
	image_format(i, name);
	snprintf(s->out->id, sizeof(s->out->id), "%s", id);
	s->out->single_id = is_single(id);
	memcpy(s->out->distro, i->distro, sizeof(s->out->distro));
	snprintf(s->out->ref, sizeof(s->out->ref), "%s:%s", remote, name);
}

/* Reads one ref file: 1 when it names an image we can start. */
static int try_ref(
	struct search *s, const char *remote, const struct image *i, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(REF_FILE_MAX);
	char path[PLACE_MAX], serial[SERIAL_MAX], id[72];
	struct err missing;

	place_ref(remote, i, path);
	if (fs_read_at(s->store->data_fd, path, &text, &missing) < 0) {
		if (missing.code == ERR_NOTFOUND)
			return 0;
		*e = missing;
		return -1;
	}
	if (ref_parse(buf_bytes(&text), serial, id, e) < 0)
		return err_wrap(e, "cannot read '%s/%s'", s->store->data, path);
	if (*s->want.serial && strcmp(serial, s->want.serial) != 0)
		return 0;
	if (!image_is_here(s, id) || (!s->full && !is_single(id)))
		return 0;
	take(s, remote, i, id);
	return 1;
}

static int try_remote(struct search *s, const char *remote, struct err *e)
{
	struct image i = s->want.image;
	int rc = 0;

	if (!*i.arch)
		snprintf(i.arch, sizeof(i.arch), "%s", arch_of_this_machine());
	if (!*i.variant)
		snprintf(i.variant, sizeof(i.variant), "default");
	if (*i.release)
		rc = try_ref(s, remote, &i, e);
	if (rc == 0 && apply_alias(s, remote, &i))
		rc = try_ref(s, remote, &i, e);
	return rc < 0 ? -1 : 0;
}

/* An id is its own proof of what is meant: the remote does not matter. */
static void try_id(struct search *s)
{
	char single[72];

	snprintf(single, sizeof(single), "%s.1id", s->want.id);
	if (s->full && image_is_here(s, s->want.id))
		take(s, "id", &s->want.image, s->want.id);
	else if (image_is_here(s, single))
		take(s, "id", &s->want.image, single);
	if (s->found)
		snprintf(s->out->ref, sizeof(s->out->ref), "@sha256:%s", s->want.id);
}

static int try_all_remotes(struct search *s, struct err *e)
{
	with_cleanup(fs_names_release) struct fs_names remotes = { 0 };
	struct err listing;

	if (fs_list_dir(s->store->data_fd, "refs", &remotes, &listing) < 0) {
		if (listing.code == ERR_NOTFOUND)
			return 0;
		*e = listing;
		return -1;
	}
	for (size_t i = 0; i < remotes.count; i++)
		if (image_part_is_valid(remotes.name[i]) &&
			try_remote(s, remotes.name[i], e) < 0)
			return -1;
	return 0;
}

int resolve_image(const struct store *store, const char *text, bool full,
	struct stored_image *out, struct err *e)
{
	struct search s = { .store = store, .full = full, .out = out };
	int rc = 0;

	if (image_ref_parse(text, &s.want, e) < 0) {
		e->code = ERR_USAGE;
		return -1;
	}
	if (*s.want.id)
		try_id(&s);
	else if (*s.want.remote)
		rc = try_remote(&s, s.want.remote, e);
	else
		rc = try_all_remotes(&s, e);
	if (rc < 0)
		return -1;
	if (s.found == 0)
		return err_set(e, ERR_NOTFOUND, "image '%s' is not stored", text);
	if (s.found > 1)
		return err_set(e, ERR_CONFLICT,
			"image '%s' is stored from the remotes %s: say which, as "
			"REMOTE:%s",
			text, s.remotes, text);
	return 0;
}
