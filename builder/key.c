#include "builder/key.h"

#include "lib/adapt/verify.h"

#include <inttypes.h>
#include <time.h>

#define KEYS_MAX  64
#define DAY_S     86400
#define PGP_BEGIN "-----BEGIN PGP PUBLIC KEY BLOCK-----"

static void lint_one(const struct text *at, const char *name,
	const struct verify_key *key, int64_t now_s, struct complaints *c)
{
	const char *tail = key->fpr + (strlen(key->fpr) > 16 ? strlen(key->fpr) - 16 : 0);
	time_t expires = (time_t)key->expires_s;
	struct tm day;
	char text[32];

	if (key->revoked) {
		complain_warn(c, at->line, at->column, "%s: key %s (%s) is revoked", name,
			tail, key->user);
		return;
	}
	if (key->expires_s == 0 || key->expires_s > now_s + KEY_WARN_DAYS * DAY_S)
		return;
	gmtime_r(&expires, &day);
	strftime(text, sizeof(text), "%Y-%m-%d", &day);
	if (key->expires_s <= now_s)
		complain_warn(c, at->line, at->column, "%s: key %s (%s) expired on %s",
			name, tail, key->user, text);
	else
		complain_warn(c, at->line, at->column,
			"%s: key %s (%s) expires on %s, in %" PRId64 " days", name, tail,
			key->user, text, (key->expires_s - now_s) / DAY_S);
}

void key_lint(
	const struct text *keys, const char *name, int64_t now_s, struct complaints *c)
{
	struct verify_key list[KEYS_MAX];
	const char *text = text_str(keys);
	size_t count;
	struct err e;

	if (!strstr(text, PGP_BEGIN))
		return;
	if (verify_list_keys(bytes_of_str(text), list, KEYS_MAX, &count, &e) < 0) {
		complain_warn(c, keys->line, keys->column, "%s: %s", name, e.text);
		return;
	}
	for (size_t i = 0; i < count; i++)
		lint_one(keys, name, &list[i], now_s, c);
}
