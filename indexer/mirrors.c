#include "indexer/mirrors.h"

#include "lib/adapt/json.h"
#include "lib/base/fs.h"

static const char *const states[] = { "good", "lagging", "damaged", "untrusted",
	"unreachable" };

static bool is_same_url(const char *a, const char *b)
{
	size_t a_len = strlen(a), b_len = strlen(b);

	while (a_len > 0 && a[a_len - 1] == '/')
		a_len--;
	while (b_len > 0 && b[b_len - 1] == '/')
		b_len--;
	return a_len == b_len && memcmp(a, b, a_len) == 0;
}

static void take(const struct json *o, const char *const *url, size_t count,
	struct arena *arena, struct mirror_check *check)
{
	struct mirror_check c = { .state = "" };
	const char *where, *state;
	bool known = false;
	struct err ignored;

	if (json_is_object(o, &ignored) < 0 ||
		json_get_str(o, "url", &where, &ignored) < 0 ||
		json_get_str(o, "state", &state, &ignored) < 0 ||
		json_get_int(o, "checked", 0, INT64_C(1) << 40, &c.checked_s, &ignored) <
			0 ||
		json_get_int(o, "lag_s", 0, INT64_C(1) << 40, &c.lag_s, &ignored) < 0)
		return;
	for (size_t i = 0; i < ARRAY_COUNT(states); i++)
		known = known || strcmp(state, states[i]) == 0;
	if (!known)
		return;
	c.state = arena_strdup(arena, state);
	for (size_t i = 0; i < count; i++)
		if (is_same_url(url[i], where))
			check[i] = c;
}

void mirrors_read(int yard_fd, const char *const *url, size_t count, struct arena *arena,
	struct mirror_check *check)
{
	auto_buf struct buf text = BUF_INIT(MIRRORS_MAX);
	auto_json struct json_doc *doc = NULL;
	struct err ignored;

	for (size_t i = 0; i < count; i++)
		check[i] = (struct mirror_check){ .state = "" };
	if (count == 0 || fs_read_at(yard_fd, MIRRORS_NAME, &text, &ignored) < 0 ||
		json_open(buf_bytes(&text), &doc, &ignored) < 0)
		return;
	for (size_t i = 0; i < json_count(json_any(doc)); i++)
		take(json_at(json_any(doc), i), url, count, arena, check);
}
