/* date.h -- calendar days without the C library's time zone: nothing is opened for it.
 * Source  proleptic Gregorian calendar, eras of 400 years */
#ifndef HTTPD_DATE_H
#define HTTPD_DATE_H

#include <stdint.h>

struct date {
	int64_t year;
	unsigned int month; /* 1..12 */
	unsigned int day;   /* 1..31 */
	unsigned int hour, minute, second;
	unsigned int weekday; /* 0 is Sunday */
};

extern const char date_months[12][4];
extern const char date_weekdays[7][4];

struct date date_of(int64_t time_s);
int64_t date_to_time(const struct date *d);

#endif
