#include "client/image/usage.h"

#include "lib/base/fs.h"

#include <fcntl.h>

#define DEPTH_MAX 512U
#define NOBODY    UINT32_MAX
#define SEVERAL   (UINT32_MAX - 1)
#define FIRST     4096U

struct inode {
	uint64_t ino; /* 0: a free slot */
	uint64_t bytes;
	uint32_t owner;  /* the image that has it, or SEVERAL */
	uint32_t last;   /* the image that was seen to have it last */
	uint32_t names;  /* links seen */
	uint32_t doomed; /* of these in doomed images */
	uint32_t links;  /* that there are */
};

struct counting {
	const struct usage_image *images;
	struct usage_row *rows;
	uint32_t now; /* the image that is walked */
	struct inode *slot;
	size_t room, count;
};

static struct inode *slot_of(struct counting *c, uint64_t ino)
{
	size_t i = (ino * 0x9e3779b97f4a7c15ULL >> 20) & (c->room - 1);

	while (c->slot[i].ino != 0 && c->slot[i].ino != ino)
		i = (i + 1) & (c->room - 1);
	return &c->slot[i];
}

static void grow(struct counting *c)
{
	struct inode *old = c->slot;
	size_t old_room = c->room;

	c->room = c->room ? c->room * 2 : FIRST;
	c->slot = xcalloc(c->room, sizeof(*c->slot));
	for (size_t i = 0; i < old_room; i++)
		if (old[i].ino != 0)
			*slot_of(c, old[i].ino) = old[i];
	free(old);
}

static void count_one(struct counting *c, const struct stat *st)
{
	struct inode *n;

	if ((c->count + 1) * 2 > c->room)
		grow(c);
	n = slot_of(c, st->st_ino);
	if (n->ino == 0) {
		c->count++;
		*n = (struct inode){ .ino = st->st_ino,
			.bytes = (uint64_t)st->st_blocks * 512,
			.owner = NOBODY,
			.last = NOBODY,
			/* a directory's links are its own children's */
			.links = S_ISDIR(st->st_mode) ? 1 : (uint32_t)st->st_nlink };
	}
	if (n->last != c->now) {
		n->last = c->now;
		c->rows[c->now].total += n->bytes;
		n->owner = n->owner == NOBODY ? c->now : SEVERAL;
	}
	n->names++;
	n->doomed += c->images[c->now].doomed;
}

static int walk(struct counting *c, int dir_fd, const char *name, unsigned int depth,
	struct err *e)
{
	auto_names struct fs_names names = { 0 };
	auto_fd int fd = -1;
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "cannot look at '%s'", name);
	count_one(c, &st);
	if (!S_ISDIR(st.st_mode))
		return 0;
	if (depth == DEPTH_MAX)
		return err_set(e, ERR_DAMAGED, "directories are nested too deep");
	fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "cannot open '%s'", name);
	if (fs_list_dir(fd, ".", &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (walk(c, fd, names.name[i], depth + 1, e) < 0)
			return -1;
	return 0;
}

static void add_up(struct counting *c, struct usage_row *all)
{
	for (size_t i = 0; i < c->room; i++) {
		const struct inode *n = &c->slot[i];

		if (n->ino == 0)
			continue;
		all->total += n->bytes;
		if (n->doomed >= n->links)
			all->alone += n->bytes;
		if (n->owner != SEVERAL && n->names >= n->links)
			c->rows[n->owner].alone += n->bytes;
	}
}

int usage_count(int images_fd, const struct usage_image *images, size_t count,
	struct usage_row *rows, struct err *e)
{
	struct counting c = { .images = images, .rows = rows };
	int rc = 0;

	memset(rows, 0, (count + 1) * sizeof(*rows));
	for (; rc == 0 && c.now < count; c.now++)
		rc = walk(&c, images_fd, images[c.now].name, 0, e);
	if (rc == 0)
		add_up(&c, &rows[count]);
	free(c.slot);
	return rc;
}
