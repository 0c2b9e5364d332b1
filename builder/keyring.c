#include "builder/keyring.h"

#include "builder/archive.h"

#include "lib/base/atomic.h"

#include <fcntl.h>

#define KEYS_MAX (4U << 20)

static bool is_fingerprint(const char *text)
{
	size_t digits = 0;

	if (strncmp(text, "0x", 2) == 0)
		text += 2;
	for (; *text; text++)
		if (strchr("0123456789abcdefABCDEF", *text))
			digits++;
		else if (*text != ' ')
			return false;
	return digits >= 8;
}

static int add(const struct text *key, struct buf *keyring, struct err *e)
{
	const char *text = text_str(key);

	if (is_fingerprint(text))
		return err_set(e, ERR_RECIPE,
			"'%.60s' is a fingerprint, and no key server is asked: put the "
			"armoured key here, or its file into 'keys' of releases.yaml",
			text);
	return archive_dearmor(text, keyring, e);
}

int keyring_write(const struct job *j, struct err *e)
{
	auto_buf struct buf keyring = BUF_INIT(KEYS_MAX);
	const struct texts *keys = &j->recipe->source.keys;

	for (size_t i = 0; i < keys->count; i++)
		if (add(&keys->item[i], &keyring, e) < 0)
			return err_wrap(e, "source.keys.%zu", i);
	if (keyring.len == 0)
		return err_set(e, ERR_UNTRUSTED,
			"nothing verifies the archive: give 'keys' in releases.yaml or "
			"source.keys");
	return atomic_write_file(j->work_dir, ARCHIVE_KEYS, buf_bytes(&keyring), 0644, e);
}

int keyring_open(const struct job *j, struct err *e)
{
	int fd;

	if (keyring_write(j, e) < 0)
		return -1;
	fd = openat(j->work_dir, ARCHIVE_KEYS, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? err_sys(e, "cannot open '%s'", ARCHIVE_KEYS) : fd;
}
