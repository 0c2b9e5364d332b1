#include "httpd/access.h"

#include "httpd/date.h"
#include "lib/base/jsonw.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>

#define GATHER_MAX (1 << 20)
#define TARGET_MAX 512
#define AGENT_MAX  160

struct access {
	pthread_mutex_t lock;
	pthread_mutex_t writing;
	int fd;
	enum access_form form;
	struct buf lines;
	struct buf spare;
	uint64_t dropped, dropped_ever;
};

static void add_escaped(struct buf *out, struct bytes text, size_t max)
{
	for (size_t i = 0; i < text.len && i < max; i++) {
		unsigned char c = text.data[i];

		if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
			buf_printf(out, "\\x%02x", c);
		else
			buf_add_byte(out, c);
	}
	if (text.len > max)
		buf_add_str(out, "...");
}

static void add_peer(struct buf *out, const struct address *peer)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	bool is_v4 = memcmp(peer->byte, mapped, sizeof(mapped)) == 0;
	char text[INET6_ADDRSTRLEN] = "-";

	inet_ntop(is_v4 ? AF_INET : AF_INET6, peer->byte + (is_v4 ? 12 : 0), text,
		sizeof(text));
	buf_add_str(out, text);
}

static void format_combined(struct buf *out, const struct access_entry *a)
{
	struct date d = date_of(a->time_s);

	add_peer(out, &a->peer);
	buf_printf(out, " - %s [%02u/%s/%lld:%02u:%02u:%02u +0000] \"",
		a->user && *a->user ? a->user : "-", d.day, date_months[d.month - 1],
		(long long)d.year, d.hour, d.minute, d.second);
	add_escaped(out, bytes_of_str(a->method), 16);
	buf_add_byte(out, ' ');
	add_escaped(out, bytes_of_str(a->target), TARGET_MAX);
	buf_add_byte(out, ' ');
	add_escaped(out, bytes_of_str(a->version), 16);
	buf_printf(out, "\" %u ", a->status);
	if (a->is_cut)
		buf_add_byte(out, '-');
	else
		buf_printf(out, "%llu", (unsigned long long)a->body_bytes);
	buf_add_str(out, " \"-\" \"");
	add_escaped(out, a->user_agent, AGENT_MAX);
	buf_add_str(out, "\"\n");
}

static void add_cut(struct jsonw *w, const char *key, struct bytes text, size_t max)
{
	jsonw_key(w, key);
	jsonw_bytes(w, bytes_of(text.data, text.len < max ? text.len : max));
}

static void format_json(struct buf *out, const struct access_entry *a)
{
	auto_buf struct buf peer = BUF_INIT(INET6_ADDRSTRLEN);
	struct date d = date_of(a->time_s);
	struct jsonw w = jsonw_to(out);
	char when[40];

	add_peer(&peer, &a->peer);
	snprintf(when, sizeof(when), "%04lld-%02u-%02uT%02u:%02u:%02uZ",
		(long long)d.year, d.month, d.day, d.hour, d.minute, d.second);
	jsonw_object(&w);
	jsonw_kstr(&w, "time", when);
	jsonw_kstr(&w, "address", buf_str(&peer));
	if (a->user && *a->user)
		jsonw_kstr(&w, "user", a->user);
	add_cut(&w, "method", bytes_of_str(a->method), 16);
	add_cut(&w, "target", bytes_of_str(a->target), TARGET_MAX);
	add_cut(&w, "version", bytes_of_str(a->version), 16);
	jsonw_kint(&w, "status", a->status);
	jsonw_kint(&w, "bytes", a->is_cut ? 0 : (int64_t)a->body_bytes);
	jsonw_kbool(&w, "complete", !a->is_cut);
	add_cut(&w, "user_agent", a->user_agent, AGENT_MAX);
	jsonw_end_object(&w);
	buf_add_byte(out, '\n');
}

void access_format(struct buf *out, enum access_form form, const struct access_entry *a)
{
	if (form == ACCESS_JSON)
		format_json(out, a);
	else
		format_combined(out, a);
}

int access_open(
	const char *path, enum access_form form, struct access **out, struct err *e)
{
	auto_fd int fd =
		strcmp(path, "-") == 0
			? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
			: open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY,
				  0640);
	struct access *a;

	if (fd < 0)
		return err_sys(e, "cannot open '%s' for the access log", path);
	a = xcalloc(1, sizeof(*a));
	a->fd = STEAL_FD(fd);
	a->form = form;
	a->lines.ceiling = a->spare.ceiling = GATHER_MAX;
	pthread_mutex_init(&a->lock, NULL);
	pthread_mutex_init(&a->writing, NULL);
	*out = a;
	return 0;
}

void access_log(struct access *a, const struct access_entry *entry)
{
	pthread_mutex_lock(&a->lock);
	if (a->lines.len + 4096 > GATHER_MAX)
		a->dropped++;
	else
		access_format(&a->lines, a->form, entry);
	pthread_mutex_unlock(&a->lock);
}

static void write_out(int fd, struct bytes text)
{
	while (text.len > 0) {
		ssize_t n = write(fd, text.data, text.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		text = bytes_of(text.data + n, text.len - (size_t)n);
	}
}

static void add_dropped(struct access *a)
{
	buf_printf(&a->lines,
		a->form == ACCESS_JSON ? "{\"dropped\":%llu}\n"
				       : "# %llu lines did not fit\n",
		(unsigned long long)a->dropped);
}

uint64_t access_dropped(struct access *a)
{
	uint64_t count;

	pthread_mutex_lock(&a->lock);
	count = a->dropped_ever + a->dropped;
	pthread_mutex_unlock(&a->lock);
	return count;
}

void access_flush(struct access *a)
{
	struct buf gathered;

	pthread_mutex_lock(&a->writing);
	pthread_mutex_lock(&a->lock);
	if (a->dropped > 0)
		add_dropped(a);
	a->dropped_ever += a->dropped;
	a->dropped = 0;
	gathered = a->lines;
	a->lines = a->spare;
	pthread_mutex_unlock(&a->lock);

	write_out(a->fd, buf_bytes(&gathered));
	buf_clear(&gathered);
	a->spare = gathered;
	pthread_mutex_unlock(&a->writing);
}

void access_reopen(struct access *a, int fd)
{
	access_flush(a);
	pthread_mutex_lock(&a->writing);
	close(a->fd);
	a->fd = fd;
	pthread_mutex_unlock(&a->writing);
}

void access_close(struct access **slot)
{
	struct access *a = *slot;

	if (!a)
		return;
	access_flush(a);
	buf_release(&a->lines);
	buf_release(&a->spare);
	close(a->fd);
	pthread_mutex_destroy(&a->lock);
	pthread_mutex_destroy(&a->writing);
	free(a);
	*slot = NULL;
}
