#include "httpd/date.h"

#define DAY 86400

const char date_months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
	"Sep", "Oct", "Nov", "Dec" };
const char date_weekdays[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };

/* Years begin in March here, so that the leap day is the last of its year. */
static int64_t days_of(const struct date *d)
{
	int64_t y = d->month <= 2 ? d->year - 1 : d->year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year = y - era * 400;
	int64_t month = (int64_t)(d->month + 9) % 12;
	int64_t day = (153 * month + 2) / 5 + d->day - 1;

	return era * 146097 + year * 365 + year / 4 - year / 100 + day - 719468;
}

struct date date_of(int64_t time_s)
{
	int64_t days = (time_s >= 0 ? time_s : time_s - (DAY - 1)) / DAY;
	int64_t rest = time_s - days * DAY;
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	struct date d = {
		.day = (unsigned int)(doy - (153 * mp + 2) / 5 + 1),
		.month = (unsigned int)(mp < 10 ? mp + 3 : mp - 9),
		.hour = (unsigned int)(rest / 3600),
		.minute = (unsigned int)(rest / 60 % 60),
		.second = (unsigned int)(rest % 60),
		.weekday = (unsigned int)(((days + 4) % 7 + 7) % 7),
	};

	d.year = yoe + era * 400 + (d.month <= 2);
	return d;
}

int64_t date_to_time(const struct date *d)
{
	return days_of(d) * DAY + (int64_t)d->hour * 3600 + (int64_t)d->minute * 60 +
	       d->second;
}
