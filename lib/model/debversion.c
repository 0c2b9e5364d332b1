#include "lib/model/debversion.h"

#include <stdbool.h>
#include <string.h>

struct part {
	const char *at, *end;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Where a character of a run without digits stands; the end stands for 0. */
static int order(const struct part *p)
{
	char c;

	if (p->at == p->end || is_digit(*p->at))
		return 0;
	c = *p->at;
	if (c == '~')
		return -1;
	return is_letter(c) ? c : (unsigned char)c + 256;
}

static int compare_letters(struct part *a, struct part *b)
{
	while ((a->at < a->end && !is_digit(*a->at)) ||
		(b->at < b->end && !is_digit(*b->at))) {
		int x = order(a), y = order(b);

		if (x != y)
			return x < y ? -1 : 1;
		a->at += a->at < a->end && !is_digit(*a->at);
		b->at += b->at < b->end && !is_digit(*b->at);
	}
	return 0;
}

/* As numbers of any length: without leading zeroes the longer one is larger. */
static int compare_digits(struct part *a, struct part *b)
{
	int first = 0;

	while (a->at < a->end && *a->at == '0')
		a->at++;
	while (b->at < b->end && *b->at == '0')
		b->at++;
	while (a->at < a->end && is_digit(*a->at) && b->at < b->end && is_digit(*b->at)) {
		if (!first)
			first = *a->at - *b->at;
		a->at++;
		b->at++;
	}
	if (a->at < a->end && is_digit(*a->at))
		return 1;
	if (b->at < b->end && is_digit(*b->at))
		return -1;
	return first;
}

static int compare_part(struct part a, struct part b)
{
	int rc = 0;

	while (rc == 0 && (a.at < a.end || b.at < b.end)) {
		rc = compare_letters(&a, &b);
		if (rc == 0)
			rc = compare_digits(&a, &b);
	}
	return rc;
}

struct version {
	struct part epoch, upstream, revision;
};

static struct version split(const char *text)
{
	const char *colon = strchr(text, ':'), *dash = strrchr(text, '-');
	const char *end = text + strlen(text), *from = colon ? colon + 1 : text;

	if (dash && dash < from)
		dash = NULL;
	return (struct version){
		.epoch = { text, colon ? colon : text },
		.upstream = { from, dash ? dash : end },
		.revision = { dash ? dash + 1 : end, end },
	};
}

int debversion_compare(const char *a, const char *b)
{
	struct version x = split(a), y = split(b);
	int rc = compare_part(x.epoch, y.epoch);

	if (rc == 0)
		rc = compare_part(x.upstream, y.upstream);
	return rc ? rc : compare_part(x.revision, y.revision);
}
