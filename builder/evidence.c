#include "builder/evidence.h"

#include "builder/gpgv.h"
#include "builder/keyring.h"
#include "builder/sumsfile.h"

#include "lib/base/fs.h"

#define SOURCE_MAX  (16LL << 30)
#define CLEARSIGNED "-----BEGIN PGP SIGNED MESSAGE-----"

const char *evidence_pin(const struct job *j, const char *url)
{
	const struct text_map *pins = &j->release->sha256;

	for (size_t i = 0; i < pins->count; i++)
		if (strcmp(text_str(&pins->item[i].key), url) == 0)
			return text_str(&pins->item[i].value);
	return NULL;
}

int evidence_missing(const struct job *j, const char *what, struct err *e)
{
	if (j->allow_unverified)
		return 0;
	return err_set(e, ERR_UNTRUSTED,
		"nothing verifies '%s': pin its sha256 in releases.yaml, or say "
		"--allow-unverified",
		what);
}

static bool has_keys(const struct job *j)
{
	return j->recipe->source.keys.count > 0 && !j->recipe->source.skip_verification;
}

static const char *file_name(const char *url)
{
	const char *slash = strrchr(url, '/');

	return slash ? slash + 1 : url;
}

/* ---- signatures */

struct proof {
	char fpr[FPR_MAX]; /* "" while nobody signed */
	struct digest sha256;
	bool has_sha256;
	const char *by; /* who says so */
};

static int check_detached(struct job *j, const struct evidence *v, int data_fd,
	const char *name, struct proof *p, struct err *e)
{
	struct gpgv g = { .log_fd = j->log_fd };
	auto_fd int keys = keyring_open(j, e), signature = -1;

	if (keys < 0 || fetched_document(j, v->signature, NULL, false, &signature, e) < 0)
		return -1;
	g.keys_fd = keys;
	return gpgv_detached(&g, data_fd, name, signature, p->fpr, e);
}

static int check_message(struct job *j, int fd, const char *name, struct buf *text,
	struct proof *p, struct err *e)
{
	struct gpgv g = { .log_fd = j->log_fd };
	auto_fd int keys = keyring_open(j, e);

	if (keys < 0)
		return -1;
	g.keys_fd = keys;
	buf_clear(text);
	return gpgv_message(&g, fd, name, text, p->fpr, e);
}

static bool is_clearsigned(const struct buf *text)
{
	return strncmp(buf_str(text), CLEARSIGNED, strlen(CLEARSIGNED)) == 0;
}

/* What the list says, and who says so. */
static int read_checksums(
	struct job *j, const struct evidence *v, struct proof *p, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(DOCUMENT_MAX);
	auto_fd int fd = -1;

	if (fetched_document(j, v->checksums, NULL, false, &fd, e) < 0)
		return -1;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, "cannot rewind '%s'", v->checksums);
	if (fs_read_fd(fd, v->checksums, &text, e) < 0)
		return -1;
	if (has_keys(j) && v->signature && v->over_checksums) {
		if (check_detached(j, v, fd, v->checksums, p, e) < 0)
			return -1;
	} else if (has_keys(j) && is_clearsigned(&text)) {
		if (check_message(j, fd, v->checksums, &text, p, e) < 0)
			return -1;
	}
	p->has_sha256 = true;
	p->by = "its list of checksums says";
	return sumsfile_find(
		buf_bytes(&text), v->checksums, file_name(v->url), &p->sha256, e);
}

/* ---- all of it */

/* Before anything large is fetched: what can prove it? */
static int gather(struct job *j, const struct evidence *v, struct proof *p, struct err *e)
{
	const char *pin = evidence_pin(j, v->url);

	if (pin) {
		p->has_sha256 = true;
		p->by = "releases.yaml pins";
		return digest_parse(pin, &p->sha256, e);
	}
	if (v->checksums && !j->recipe->source.skip_verification &&
		read_checksums(j, v, p, e) < 0)
		return -1;
	if (p->fpr[0] || (has_keys(j) && v->signature && !v->over_checksums))
		return 0;
	if (has_keys(j))
		out_warn(j->out, "the recipe's keys verify nothing of '%s'", v->url);
	return evidence_missing(j, v->url, e);
}

static int check_file(struct job *j, const struct evidence *v, const struct fetched *f,
	struct proof *p, struct err *e)
{
	if (p->fpr[0] || evidence_pin(j, v->url) || !has_keys(j) || !v->signature ||
		v->over_checksums)
		return 0;
	return check_detached(j, v, f->fd, v->url, p, e);
}

static void note(struct job *j, const struct evidence *v, const struct fetched *f,
	const struct proof *p)
{
	char how[FPR_MAX + 16];

	if (p->fpr[0])
		snprintf(how, sizeof(how), "openpgp:%s", p->fpr);
	else
		snprintf(how, sizeof(how), "%s",
			evidence_pin(j, v->url) ? "sha256" : "none");
	job_source(j, "tarball", v->url, &f->sha256, how);
}

int evidence_fetch(
	struct job *j, const struct evidence *v, struct fetched *out, struct err *e)
{
	struct proof p = { .fpr = "" };
	auto_fetched struct fetched f = FETCHED_INIT;
	struct wanted w = { .url = v->url, .max_bytes = SOURCE_MAX };

	if (gather(j, v, &p, e) < 0)
		return -1;
	w.sha256 = p.has_sha256 ? &p.sha256 : NULL;
	w.by = p.by;
	if (fetched_get(j, &w, &f, e) < 0)
		return -1;
	if (check_file(j, v, &f, &p, e) < 0) {
		fetched_forget(j, v->url, &f.sha256);
		return -1;
	}
	note(j, v, &f, &p);
	out->sha256 = f.sha256;
	out->fd = STEAL_FD(f.fd);
	return 0;
}
