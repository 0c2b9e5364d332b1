#include "indexer/admit_compare.h"

#include <inttypes.h>

struct finding {
	struct catalog *catalog;
	struct build_measure *out;
	bool found;
};

static int take_newest(const struct catalog_build *b, void *ctx, struct err *e)
{
	struct finding *f = ctx;

	if (f->found || strcmp(b->state, "active") != 0)
		return 0;
	f->found = true;
	*f->out = (struct build_measure){ .unpacked_size = b->unpacked_size,
		.packages = -1 };
	memcpy(f->out->serial, b->serial, sizeof(f->out->serial));
	return catalog_package_count(f->catalog, b->id, &f->out->packages, e) < 0 ? -1
										  : 0;
}

int admit_last_good(struct catalog *c, const struct image *image,
	struct build_measure *out, struct err *e)
{
	struct finding f = { .catalog = c, .out = out };

	if (catalog_build_walk(c, image, take_newest, &f, e) < 0)
		return -1;
	return f.found;
}

/* By how many per cent of `was` does `is` differ? Rounded down, so that a share that is
 * just met is met. */
static int64_t change(uint64_t was, uint64_t is)
{
	uint64_t by = was > is ? was - is : is - was;

	if (was == 0)
		return is ? 100 : 0;
	return by / was > 1000 ? INT64_MAX : (int64_t)((double)by * 100.0 / (double)was);
}

bool admit_is_off(const struct build_measure *last, const struct build_measure *now,
	int64_t percent, char *why, size_t why_size)
{
	int64_t by = change(last->unpacked_size, now->unpacked_size);

	if (percent == 0)
		return false;
	if (by > percent) {
		snprintf(why, why_size,
			"it unpacks to %" PRIu64 " bytes, %s to %" PRIu64
			": off by %" PRId64 " %%, more than %" PRId64 " %%",
			now->unpacked_size, last->serial, last->unpacked_size, by,
			percent);
		return true;
	}
	if (last->packages < 0 || now->packages < 0)
		return false;
	by = change((uint64_t)last->packages, (uint64_t)now->packages);
	if (by <= percent)
		return false;
	snprintf(why, why_size,
		"it has %" PRId64 " packages, %s has %" PRId64 ": off by %" PRId64
		" %%, more than %" PRId64 " %%",
		now->packages, last->serial, last->packages, by, percent);
	return true;
}
