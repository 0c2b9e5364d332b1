#include "indexer/clock.h"

#include "lib/base/html.h"

static int check_last(
	const struct yard *y, const struct catalog_signing *last, struct err *e)
{
	char then[HTML_TIME_MAX], now[HTML_TIME_MAX];

	if (last->created_s <= y->now_s)
		return 0;
	html_time(last->created_s, then);
	html_time(y->now_s, now);
	return err_set(e, ERR_AGAIN,
		"the clock says %s, the last publication is of %s: set the clock", now,
		then);
}

int clock_check(const struct yard *y, struct err *e)
{
	struct catalog_signing last;
	int rc = catalog_signing_find(y->catalog, "live", &last, NULL, e);

	return rc <= 0 ? rc : check_last(y, &last, e);
}

int clock_check_fresh(const struct yard *y, struct err *e)
{
	char until[HTML_TIME_MAX], now[HTML_TIME_MAX];
	struct catalog_signing last;
	int rc = catalog_signing_find(y->catalog, "live", &last, NULL, e);

	if (rc <= 0)
		return rc;
	if (check_last(y, &last, e) < 0)
		return -1;
	if (y->now_s < last.expires_s)
		return 0;
	html_time(last.expires_s, until);
	html_time(y->now_s, now);
	return err_set(e, ERR_AGAIN,
		"the clock says %s, what is published expired at %s: set the clock, or, "
		"if it is right, run 'refresh --clock-is-right' first",
		now, until);
}
