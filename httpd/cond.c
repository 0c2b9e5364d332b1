#include "httpd/cond.h"

#include "httpd/date.h"

/* The last year whose every second, and a leap second more, has four digits. */
#define YEAR_MAX 9998

static bool is_blank(unsigned char c)
{
	return c == ' ' || c == '\t';
}

static struct bytes trimmed(struct bytes b)
{
	while (b.len > 0 && is_blank(b.data[0]))
		b = bytes_of(b.data + 1, b.len - 1);
	while (b.len > 0 && is_blank(b.data[b.len - 1]))
		b.len--;
	return b;
}

/* Takes the next entity tag off a list; false at the end and at what is no tag. */
static bool next_tag(struct bytes *list, bool *weak, struct bytes *out)
{
	const unsigned char *p = list->data, *end = list->data + list->len, *quote;

	while (p < end && (is_blank(*p) || *p == ','))
		p++;
	*weak = end - p >= 2 && p[0] == 'W' && p[1] == '/';
	if (*weak)
		p += 2;
	if (p == end || *p != '"')
		return false;
	quote = memchr(p + 1, '"', (size_t)(end - p - 1));
	if (!quote)
		return false;
	*out = bytes_of(p, (size_t)(quote + 1 - p));
	*list = bytes_of(quote + 1, (size_t)(end - quote - 1));
	return true;
}

static bool list_has(struct bytes list, const char *etag, bool weak_counts)
{
	struct bytes tag;
	bool weak;

	if (bytes_equal_str(trimmed(list), "*"))
		return true;
	while (next_tag(&list, &weak, &tag))
		if ((weak_counts || !weak) && bytes_equal_str(tag, etag))
			return true;
	return false;
}

enum cond_verdict cond_evaluate(const struct cond *c, const char *etag, int64_t mtime_s)
{
	int64_t since;

	if (c->if_match.data) {
		if (!list_has(c->if_match, etag, false))
			return COND_FAILED;
	} else if (c->if_unmodified_since.data &&
		   cond_date_parse(c->if_unmodified_since, &since) && mtime_s > since) {
		return COND_FAILED;
	}
	if (c->if_none_match.data)
		return list_has(c->if_none_match, etag, true) ? COND_NOT_MODIFIED
							      : COND_PROCEED;
	if (c->if_modified_since.data && cond_date_parse(c->if_modified_since, &since) &&
		mtime_s <= since)
		return COND_NOT_MODIFIED;
	return COND_PROCEED;
}

bool cond_range_applies(struct bytes if_range, const char *etag)
{
	return !if_range.data || bytes_equal_str(trimmed(if_range), etag);
}

void cond_date_format(int64_t time_s, char out[COND_DATE_SIZE])
{
	struct date d = date_of(time_s);

	snprintf(out, COND_DATE_SIZE, "%s, %02u %s %04u %02u:%02u:%02u GMT",
		date_weekdays[d.weekday], d.day % 100, date_months[d.month - 1],
		(unsigned int)d.year % 10000, d.hour % 100, d.minute % 100,
		d.second % 100);
}

/* RFC 850 dates have two digits of the year: the century nearest to 2000. */
static int64_t full_year(unsigned int two_digits)
{
	return two_digits < 70 ? 2000 + two_digits : 1900 + two_digits;
}

static bool date_scan(const char *text, char month[4], struct date *d)
{
	unsigned int year;
	int used = 0;

	if (sscanf(text, "%*3[A-Za-z], %2u %3[A-Za-z] %4u %2u:%2u:%2u GMT%n", &d->day,
		    month, &year, &d->hour, &d->minute, &d->second, &used) == 6 &&
		used > 0) {
		d->year = year;
	} else if (sscanf(text, "%*9[A-Za-z], %2u-%3[A-Za-z]-%2u %2u:%2u:%2u GMT%n",
			   &d->day, month, &year, &d->hour, &d->minute, &d->second,
			   &used) == 6 &&
		   used > 0) {
		d->year = full_year(year);
	} else if (sscanf(text, "%*3[A-Za-z] %3[A-Za-z] %2u %2u:%2u:%2u %4u%n", month,
			   &d->day, &d->hour, &d->minute, &d->second, &year,
			   &used) == 6 &&
		   used > 0) {
		d->year = year;
	} else {
		return false;
	}
	return text[used] == '\0';
}

bool cond_date_parse(struct bytes text, int64_t *out)
{
	char copy[64], month[4] = "";
	struct date d = { .month = 0 };

	text = trimmed(text);
	if (text.len == 0 || text.len >= sizeof(copy) || memchr(text.data, 0, text.len))
		return false;
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	if (!date_scan(copy, month, &d))
		return false;
	for (unsigned int i = 0; i < ARRAY_COUNT(date_months); i++)
		if (strcmp(month, date_months[i]) == 0)
			d.month = i + 1;
	/* scanf takes a sign: a negative number is a very large one here. */
	if (d.month == 0 || d.day < 1 || d.day > 31 || d.year > YEAR_MAX || d.hour > 23 ||
		d.minute > 59 || d.second > 60)
		return false;
	*out = date_to_time(&d);
	return true;
}
