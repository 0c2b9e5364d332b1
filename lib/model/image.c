#include "lib/model/image.h"

#include <sys/utsname.h>
#include <time.h>

#define SERIAL_LEN 13 /* YYYYMMDD_HHMM */

struct arch_facts {
	const char *name;
	const char
		*kernel; /* as uname(2) says it; the first of a name is the one to show */
};

static const struct arch_facts arches[] = {
	{ "amd64", "x86_64" },
	{ "arm64", "aarch64" },
	{ "armhf", "armv7l" },
	{ "armhf", "armv8l" },
	{ "armel", "armv5tel" },
	{ "armel", "armv6l" },
	{ "i386", "i686" },
	{ "i386", "i586" },
	{ "i386", "i386" },
	{ "riscv64", "riscv64" },
	{ "ppc64el", "ppc64le" },
	{ "s390x", "s390x" },
	{ "loong64", "loongarch64" },
	{ "mips64el", "mips64" },
};

bool arch_is_known(const char *name)
{
	return arch_to_kernel(name) != NULL;
}

const char *arch_to_kernel(const char *name)
{
	for (size_t i = 0; i < ARRAY_COUNT(arches); i++)
		if (strcmp(arches[i].name, name) == 0)
			return arches[i].kernel;
	return NULL;
}

const char *arch_from_kernel(const char *name)
{
	for (size_t i = 0; i < ARRAY_COUNT(arches); i++)
		if (strcmp(arches[i].kernel, name) == 0)
			return arches[i].name;
	return NULL;
}

const char *arch_of_this_machine(void)
{
	struct utsname u;
	const char *name;

	if (uname(&u) < 0)
		return "unknown";
	name = arch_from_kernel(u.machine);
	return name ? name : "unknown";
}

/* ---- parts */

static bool is_lower_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool part_is_valid(const char *part, bool upper_too)
{
	size_t len = strlen(part);

	if (len == 0 || len > IMAGE_PART_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = part[i];

		if (is_lower_or_digit(c) || (upper_too && is_upper(c)))
			continue;
		if (i == 0 || !strchr("._+-", c))
			return false;
	}
	return true;
}

bool image_part_is_valid(const char *part)
{
	return part_is_valid(part, true);
}

static int bad_part(const char *kind, const char *part, bool upper_too, struct err *e)
{
	return err_set(e, ERR_PARSE,
		"%s '%.*s' is none: 1 to %d of %sa-z 0-9 . _ + -, beginning with a "
		"letter or digit",
		kind, 2 * IMAGE_PART_MAX, part, IMAGE_PART_MAX, upper_too ? "A-Z " : "");
}

static int check_arch(const char *part, struct err *e)
{
	if (!arch_is_known(part))
		return err_set(e, ERR_PARSE,
			"architecture '%.*s' is not known: amd64, arm64, armhf, riscv64, "
			"ppc64el, "
			"s390x, i386 and others of Debian's names",
			2 * IMAGE_PART_MAX, part);
	return 0;
}

static int set_part(char out[IMAGE_PART_MAX + 1], const char *kind, const char *part,
	bool upper_too, struct err *e)
{
	if (!part_is_valid(part, upper_too))
		return bad_part(kind, part, upper_too, e);
	memcpy(out, part, strlen(part) + 1);
	return 0;
}

/* Cuts text at each separator in place; returns the number of parts, or max + 1 when
 * there are more. */
static size_t split(char *text, char separator, char **part, size_t max)
{
	size_t count = 0;

	for (;;) {
		char *next = strchr(text, separator);

		if (count == max)
			return max + 1;
		part[count++] = text;
		if (!next)
			return count;
		*next = '\0';
		text = next + 1;
	}
}

static int copy_bounded(const char *text, char *out, size_t size, struct err *e)
{
	size_t len = strlen(text);

	if (len >= size)
		return err_set(e, ERR_PARSE, "image '%.100s...' is too long", text);
	memcpy(out, text, len + 1);
	return 0;
}

int image_parse(const char *text, struct image *out, struct err *e)
{
	char copy[IMAGE_NAME_MAX];
	struct image i = { 0 };
	char *part[4];

	if (copy_bounded(text, copy, sizeof(copy), e) < 0)
		return -1;
	if (split(copy, '/', part, 4) != 4)
		return err_set(e, ERR_PARSE,
			"image '%s' is not of the form distro/release/arch/variant",
			text);
	if (set_part(i.distro, "distribution", part[0], false, e) < 0 ||
		set_part(i.release, "release", part[1], true, e) < 0 ||
		check_arch(part[2], e) < 0 ||
		set_part(i.arch, "architecture", part[2], false, e) < 0 ||
		set_part(i.variant, "variant", part[3], false, e) < 0)
		return err_wrap(e, "image '%s'", text);
	*out = i;
	return 0;
}

void image_format(const struct image *i, char out[IMAGE_NAME_MAX])
{
	snprintf(out, IMAGE_NAME_MAX, "%s/%s/%s/%s", i->distro, i->release, i->arch,
		i->variant);
}

int image_compare(const struct image *a, const struct image *b)
{
	int order = strcmp(a->distro, b->distro);

	if (order == 0)
		order = strcmp(a->release, b->release);
	if (order == 0)
		order = strcmp(a->arch, b->arch);
	return order ? order : strcmp(a->variant, b->variant);
}

bool image_equal(const struct image *a, const struct image *b)
{
	return image_compare(a, b) == 0;
}

/* ---- references */

/* What stands behind "@": a serial or sha256:HEX. */
static int parse_build(const char *text, struct image_ref *out, struct err *e)
{
	static const char prefix[] = "sha256:";
	const char *hex = text + sizeof(prefix) - 1;

	if (strncmp(text, prefix, sizeof(prefix) - 1) == 0) {
		if (strlen(hex) != 64 || strspn(hex, "0123456789abcdef") != 64)
			return err_set(e, ERR_PARSE,
				"'%.80s' is no image id: 64 lower-case hex digits", hex);
		memcpy(out->id, hex, 65);
		return 0;
	}
	if (!serial_is_valid(text))
		return err_set(e, ERR_PARSE,
			"'%.40s' is neither a serial (YYYYMMDD_HHMM) nor sha256:HEX",
			text);
	memcpy(out->serial, text, strlen(text) + 1);
	return 0;
}

/* The parts behind the distribution: release, then architecture and variant in either
 * order. */
static int place_part(struct image *i, const char *part, bool second, struct err *e)
{
	if (arch_is_known(part) && !*i->arch)
		return set_part(i->arch, "architecture", part, false, e);
	if (second)
		return set_part(i->release, "release", part, true, e);
	if (*i->variant)
		return err_set(e, ERR_PARSE,
			"neither '%s' nor '%.*s' is a known architecture", i->variant,
			IMAGE_PART_MAX, part);
	return set_part(i->variant, "variant", part, false, e);
}

static int parse_ref_parts(char *copy, struct image_ref *r, struct err *e)
{
	char *at = strchr(copy, '@'), *colon, *name = copy, *part[4];
	size_t count;

	if (at) {
		*at = '\0';
		if (parse_build(at + 1, r, e) < 0)
			return -1;
	}
	colon = strchr(copy, ':');
	if (colon) {
		*colon = '\0';
		name = colon + 1;
		if (set_part(r->remote, "remote", copy, true, e) < 0)
			return -1;
	}
	count = split(name, '/', part, 4);
	if (count > 4)
		return err_set(e, ERR_PARSE, "more than four parts");
	if (set_part(r->image.distro, "distribution", part[0], false, e) < 0)
		return -1;
	for (size_t i = 1; i < count; i++)
		if (place_part(&r->image, part[i], i == 1, e) < 0)
			return -1;
	return 0;
}

int image_ref_parse(const char *text, struct image_ref *out, struct err *e)
{
	char copy[IMAGE_NAME_MAX + IMAGE_PART_MAX + 80];
	struct image_ref r = { 0 };

	if (copy_bounded(text, copy, sizeof(copy), e) < 0)
		return -1;
	if (parse_ref_parts(copy, &r, e) < 0)
		return err_wrap(e, "image '%s'", text);
	*out = r;
	return 0;
}

/* ---- serials */

static int digits(const char *text, size_t count)
{
	int value = 0;

	for (size_t i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value;
}

static int days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

static bool serial_split(const char *serial, struct tm *out)
{
	size_t len = strlen(serial);
	bool colon = len == SERIAL_LEN + 1 && serial[11] == ':';
	int year, month, day, hour, minute;

	if ((len != SERIAL_LEN && !colon) || serial[8] != '_')
		return false;
	year = digits(serial, 4);
	month = digits(serial + 4, 2);
	day = digits(serial + 6, 2);
	hour = digits(serial + 9, 2);
	minute = digits(serial + 11 + colon, 2);
	if (year < 1970 || month < 1 || month > 12 || day < 1 ||
		day > days_in_month(year, month) || hour < 0 || hour > 23 || minute < 0 ||
		minute > 59)
		return false;
	*out = (struct tm){ .tm_year = year - 1900,
		.tm_mon = month - 1,
		.tm_mday = day,
		.tm_hour = hour,
		.tm_min = minute };
	return true;
}

bool serial_is_valid(const char *serial)
{
	struct tm tm;

	return serial_split(serial, &tm);
}

int serial_to_time(const char *serial, int64_t *out_s, struct err *e)
{
	struct tm tm;

	if (!serial_split(serial, &tm))
		return err_set(e, ERR_PARSE, "'%.40s' is no serial: YYYYMMDD_HHMM (UTC)",
			serial);
	*out_s = timegm(&tm);
	return 0;
}

void serial_from_time(int64_t time_s, char out[SERIAL_MAX])
{
	const time_t last = 253402300799; /* the end of the year 9999 */
	time_t t = time_s < 0 ? 0 : time_s > last ? last : (time_t)time_s;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(out, SERIAL_MAX, "%Y%m%d_%H%M", &tm);
}

int serial_compare(const char *a, const char *b)
{
	struct tm x, y;
	int64_t s = serial_split(a, &x) ? timegm(&x) : 0;
	int64_t t = serial_split(b, &y) ? timegm(&y) : 0;

	if (s != t)
		return s < t ? -1 : 1;
	return strcmp(a, b);
}
