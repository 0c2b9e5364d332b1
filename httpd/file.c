#include "httpd/file.h"

#include <sys/xattr.h>

static long long mtime_ns(const struct stat *st)
{
	return (long long)st->st_mtim.tv_sec * 1000000000LL + st->st_mtim.tv_nsec;
}

static void read_digest(int fd, char out[65])
{
	char hex[65];
	ssize_t len = fgetxattr(fd, LAYOUT_DIGEST_XATTR, hex, sizeof(hex));

	out[0] = '\0';
	if (len != 64)
		return;
	hex[64] = '\0';
	if (strspn(hex, "0123456789abcdef") == 64)
		memcpy(out, hex, sizeof(hex));
}

static void set_etag(struct file *f)
{
	if (f->digest[0])
		snprintf(f->etag, sizeof(f->etag), "\"%s\"", f->digest);
	else
		snprintf(f->etag, sizeof(f->etag), "\"%llx-%llx-%llx\"",
			(unsigned long long)f->st.st_size,
			(unsigned long long)mtime_ns(&f->st),
			(unsigned long long)f->st.st_ino);
}

/* An OCI document says itself what it is, within its first bytes. */
static void set_type(struct file *f, const char *path, int fd)
{
	const char *known = layout_media_type(path);
	unsigned char head[512];
	ssize_t len;

	if (known) {
		snprintf(f->type, sizeof(f->type), "%s", known);
		return;
	}
	len = pread(fd, head, sizeof(head), 0);
	if (len < 0 || !layout_oci_media_type(
			       bytes_of(head, (size_t)len), f->type, sizeof(f->type)))
		snprintf(f->type, sizeof(f->type), "application/octet-stream");
}

int file_open(const struct site *s, const char *path, const struct site_path *where,
	bool in_clear, atomic_size_t *budget, struct file **out, struct err *e)
{
	struct stat st;
	auto_fd int fd = site_open_file(s, where->text, &st, e);
	auto_free struct file *f = NULL;

	if (fd < 0)
		return -1;
	f = xcalloc(1, sizeof(*f));
	f->refs = 1;
	f->st = st;
	f->caching = layout_caching_of(path);
	f->coding = where->coding;
	f->is_private = s->is_private;
	f->is_negotiated = layout_is_negotiated(path);
	snprintf(f->located, sizeof(f->located), "%s", where->text);
	read_digest(fd, f->digest);
	set_etag(f);
	cond_date_format(st.st_mtim.tv_sec, f->modified);
	set_type(f, path, fd);
	if (body_open(fd, (uint64_t)st.st_size,
		    in_clear && f->caching == LAYOUT_IMMUTABLE, budget, &f->body, e) < 0)
		return err_wrap(e, "cannot serve '%s'", where->text);
	STEAL_FD(fd);
	*out = STEAL(f);
	return 0;
}

struct file *file_of_page(const struct site *s, struct buf *html)
{
	struct file *f = xcalloc(1, sizeof(*f));

	f->refs = 1;
	f->caching = LAYOUT_MUTABLE;
	f->is_private = s->is_private;
	f->coding = CODING_NONE;
	snprintf(f->type, sizeof(f->type), "text/html; charset=utf-8");
	f->body = body_of_memory(html->data, html->len);
	*html = (struct buf)BUF_INIT(html->ceiling);
	return f;
}

struct file *file_ref(struct file *f)
{
	atomic_fetch_add(&f->refs, 1);
	return f;
}

void file_unref(struct file *f)
{
	if (atomic_fetch_sub(&f->refs, 1) != 1)
		return;
	if (f->ready)
		f->forget(f->ready);
	body_unref(f->body);
	free(f);
}

bool file_is_same(const struct file *f, const struct stat *st)
{
	return f->st.st_dev == st->st_dev && f->st.st_ino == st->st_ino &&
	       f->st.st_size == st->st_size && mtime_ns(&f->st) == mtime_ns(st);
}
