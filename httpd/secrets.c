#include "httpd/secrets.h"

#include "lib/base/fs.h"

#include <fcntl.h>

#define TEXT_MAX (1 << 20)

static int read_text(struct secrets *s, enum secret which, struct buf *out, struct err *e)
{
	auto_fd int fd = keeper_open(s->keeper, which, e);

	if (fd < 0)
		return -1;
	if (fstat(fd, &s->seen[which]) < 0)
		return err_sys(e, "cannot stat '%s'", s->path[which]);
	return fs_read_fd(fd, s->path[which], out, e);
}

static void wipe(struct buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->cap);
	buf_release(b);
}
#define auto_secret with_cleanup(wipe)

static int load_tls(struct secrets *s, struct err *e)
{
	auto_secret struct buf cert = BUF_INIT(TEXT_MAX), key = BUF_INIT(TEXT_MAX);
	auto_buf struct buf ca = BUF_INIT(TEXT_MAX);
	struct tls_texts texts = { .client_ca = { NULL, 0 } };

	if (read_text(s, SECRET_CERT, &cert, e) < 0 ||
		read_text(s, SECRET_KEY, &key, e) < 0)
		return err_wrap(e, "cannot read the TLS certificate and key");
	if (s->path[SECRET_CLIENT_CA]) {
		if (read_text(s, SECRET_CLIENT_CA, &ca, e) < 0)
			return -1;
		texts.client_ca = buf_bytes(&ca);
	}
	texts.cert = buf_bytes(&cert);
	texts.key = buf_bytes(&key);
	if ((s->tls ? tls_replace(s->tls, &texts, e) : tls_new(&texts, &s->tls, e)) < 0)
		return err_wrap(e, "cannot use certificate '%s' with key '%s'",
			s->path[SECRET_CERT], s->path[SECRET_KEY]);
	return 0;
}

static int load_tokens(struct secrets *s, struct err *e)
{
	auto_secret struct buf text = BUF_INIT(TEXT_MAX);

	if (read_text(s, SECRET_TOKENS, &text, e) < 0)
		return -1;
	if ((s->tokens ? tokens_replace(s->tokens, buf_bytes(&text), e)
		       : tokens_new(buf_bytes(&text), &s->tokens, e)) < 0)
		return err_wrap(e, "cannot use tokens '%s'", s->path[SECRET_TOKENS]);
	return 0;
}

int secrets_open(struct secrets *s, const struct options *o, struct err *e)
{
	struct keeper_file files[SECRET_COUNT] = {
		[SECRET_CERT] = { o->cert, O_RDONLY },
		[SECRET_KEY] = { o->key, O_RDONLY },
		[SECRET_CLIENT_CA] = { o->client_ca, O_RDONLY },
		[SECRET_TOKENS] = { o->tokens, O_RDONLY },
		[SECRET_LOG] = { o->log, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW },
	};
	bool is_needed = false;

	for (size_t i = 0; i < SECRET_COUNT; i++) {
		s->path[i] = files[i].path;
		is_needed = is_needed || files[i].path;
	}
	if (!is_needed)
		return 0;
	if (keeper_start(files, SECRET_COUNT, &s->keeper, e) < 0)
		return err_wrap(e, "cannot keep the right to open files");
	return secrets_reload(s, e);
}

int secrets_reload(struct secrets *s, struct err *e)
{
	if (s->path[SECRET_CERT] && load_tls(s, e) < 0)
		return -1;
	return s->path[SECRET_TOKENS] ? load_tokens(s, e) : 0;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

bool secrets_changed(const struct secrets *s)
{
	for (size_t i = 0; i < SECRET_LOG; i++) {
		struct stat st;
		struct err e;
		auto_fd int fd = s->path[i] ? keeper_open(s->keeper, i, &e) : -1;

		if (fd >= 0 && fstat(fd, &st) == 0 && !is_same(&st, &s->seen[i]))
			return true;
	}
	return false;
}

int secrets_open_log(const struct secrets *s, struct err *e)
{
	return keeper_open(s->keeper, SECRET_LOG, e);
}

void secrets_close(struct secrets *s)
{
	tls_free(&s->tls);
	tokens_free(&s->tokens);
	keeper_stop(&s->keeper);
}
