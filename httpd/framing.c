#include "httpd/framing.h"

#define LINE_END 2

static const unsigned char *end_of(struct bytes b)
{
	return b.data + b.len;
}

void framing_begin(
	struct framing *f, struct bytes method, struct bytes target, struct bytes version)
{
	f->is_broken =
		end_of(method) + 1 != target.data || end_of(target) + 1 != version.data;
	f->begin = method.data;
	f->next = end_of(version) + LINE_END;
}

static bool are_blanks(const unsigned char *from, const unsigned char *to)
{
	/* A folded name was moved elsewhere: then these are not in order, or far apart. */
	if (from > to || to - from > 8192)
		return false;
	for (; from < to; from++)
		if (*from != ' ' && *from != '\t')
			return false;
	return true;
}

void framing_field(struct framing *f, struct bytes name, struct bytes value)
{
	f->is_broken = f->is_broken || name.data != f->next ||
		       !are_blanks(end_of(name) + 1, value.data);
	f->next = end_of(value) + LINE_END;
}

bool framing_is_sound(const struct framing *f, size_t size)
{
	return !f->is_broken && f->next + LINE_END == f->begin + size;
}
