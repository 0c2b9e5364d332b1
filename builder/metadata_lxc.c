#include "builder/metadata.h"

#include "lib/model/smalltar.h"

#include <inttypes.h>

#define MEMBER_MAX   (256U << 10)
#define LEVEL_NEWEST 5U /* of the compatibility levels 1..5 */

struct archive {
	const struct metadata_in *in;
	struct buf *tar;
	struct err *e;
};

static int add(struct archive *a, const char *name, struct buf *content)
{
	if (content->len == 0 || content->data[content->len - 1] != '\n')
		buf_add_byte(content, '\n');
	if (buf_check(content, name, a->e) < 0)
		return -1;
	return smalltar_add(a->tar, name, buf_bytes(content), a->in->epoch_s, a->e);
}

static int add_message(struct archive *a)
{
	auto_buf struct buf text = BUF_INIT(MEMBER_MAX);
	const struct recipe *r = a->in->recipe;

	if (recipe_render(
		    r, &r->targets.lxc.create_message, "create_message", &text, a->e) < 0)
		return -1;
	return add(a, "create-message", &text);
}

static int add_expiry(struct archive *a)
{
	auto_buf struct buf text = BUF_INIT(MEMBER_MAX);

	buf_printf(&text, "%" PRId64, a->in->created_s + recipe_expiry_s(a->in->recipe));
	return add(a, "expiry", &text);
}

/* Does this compatibility level lie in the entry's window? */
static bool in_window(const struct lxc_config *c, unsigned int level)
{
	uint64_t before = c->before ? c->before : LEVEL_NEWEST + 1;

	if (c->after >= before)
		return !(before <= level && level <= c->after);
	return c->after < level && level < before;
}

static bool has_type(const struct lxc_config *c, bool user)
{
	const char *type = text_str(&c->type);

	return strcmp(type, "all") == 0 || strcmp(type, user ? "user" : "system") == 0;
}

static int collect(struct archive *a, bool user, unsigned int level, struct buf *text)
{
	const struct recipe *r = a->in->recipe;

	for (size_t i = 0; i < r->targets.lxc.config.count; i++) {
		const struct lxc_config *c = &r->targets.lxc.config.item[i];
		size_t start = text->len;

		if (!recipe_applies(r, &c->filter) || !has_type(c, user) ||
			!in_window(c, level))
			continue;
		if (recipe_render(r, &c->content, "lxc config", text, a->e) < 0)
			return -1;
		if (text->len > start && text->data[text->len - 1] != '\n')
			buf_add_byte(text, '\n');
	}
	return 0;
}

/* config and config-user are always there; older levels only when they say something. */
static int add_config(struct archive *a, bool user, unsigned int level)
{
	auto_buf struct buf text = BUF_INIT(MEMBER_MAX);
	char name[32];

	if (level == LEVEL_NEWEST)
		snprintf(name, sizeof(name), "config%s", user ? "-user" : "");
	else
		snprintf(name, sizeof(name), "config%s.%u", user ? "-user" : "", level);
	if (collect(a, user, level, &text) < 0)
		return -1;
	if (text.len == 0 && level != LEVEL_NEWEST)
		return 0;
	return add(a, name, &text);
}

/* Sorted by name: config, config-user, config-user.1-4, config.1-4. */
static int add_configs(struct archive *a)
{
	if (add_config(a, false, LEVEL_NEWEST) < 0 ||
		add_config(a, true, LEVEL_NEWEST) < 0)
		return -1;
	for (unsigned int level = 1; level < LEVEL_NEWEST; level++)
		if (add_config(a, true, level) < 0)
			return -1;
	for (unsigned int level = 1; level < LEVEL_NEWEST; level++)
		if (add_config(a, false, level) < 0)
			return -1;
	return 0;
}

static int add_templates(struct archive *a)
{
	auto_buf struct buf text = BUF_INIT(MEMBER_MAX);
	const struct generated *g = a->in->generated;

	if (g->lxc_count == 0)
		return 0;
	for (size_t i = 0; i < g->lxc_count; i++)
		buf_printf(&text, "%s\n", g->lxc_template[i]);
	return add(a, "templates", &text);
}

int metadata_lxc(const struct metadata_in *in, struct buf *tar, struct err *e)
{
	struct archive a = { .in = in, .tar = tar, .e = e };
	/* Device nodes of dev are named here; ours are never packed. */
	auto_buf struct buf excludes = BUF_INIT(16);

	if (add_message(&a) < 0 || add_expiry(&a) < 0 ||
		add(&a, "excludes-user", &excludes) < 0 || add_configs(&a) < 0 ||
		add_templates(&a) < 0)
		return err_wrap(e, "cannot make the LXC metadata");
	smalltar_end(tar);
	return buf_check(tar, "meta.tar", e);
}
