/* Any text as a template: rendered and checked within bounds; what was rendered holds no template. */
#include "lib/model/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool find(const void *ctx, const char *path, struct buf *out)
{
	(void)ctx;
	if (strlen(path) > 2)
		return false;
	buf_add_str(out, path[0] == 'a' ? "{{ b }}" : "text");
	return true;
}

static size_t count(const void *ctx, const char *path)
{
	(void)ctx;
	return strlen(path) % 5;
}

static bool know(const void *ctx, const char *path)
{
	(void)ctx;
	return path[0] != 'z';
}

static void say(void *ctx, unsigned int line, const char *sentence)
{
	(void)ctx;
	if (line == 0 || !*sentence)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct template_vars vars = { .find = find, .count = count, .know = know };
	const struct template_judge judge = { .say = say };
	auto_buf struct buf text = BUF_INIT(1U << 16), out = BUF_INIT(1U << 20);
	struct err e;

	if (size >= 1U << 16)
		return 0;
	for (size_t i = 0; i < size; i++)
		buf_add_byte(&text, data[i] ? data[i] : ' ');
	template_check(buf_str(&text), &vars, &judge);
	if (template_render(buf_str(&text), &vars, &out, &e) == 0 &&
		strstr(buf_str(&out), "{%"))
		abort();
	return 0;
}
