#include "lib/model/bsdiff.h"

#include "lib/adapt/sufsort.h"
#include "lib/model/varint.h"

#define BETTER_BY 8 /* a new alignment must explain so many bytes more than the old one */

/* The result is walked once; `at` is where we are, and the alignment in use says that
 * result[i] stood at base[i + offset]. */
struct walk {
	struct bytes base, result;
	const int32_t *order;
	struct bsdiff *out;
	size_t told, told_base; /* until here all was written, and the base's position */
	int64_t offset;
};

static size_t common(struct bytes a, struct bytes b)
{
	size_t most = a.len < b.len ? a.len : b.len, n = 0;

	while (n < most && a.data[n] == b.data[n])
		n++;
	return n;
}

static struct bytes from(struct bytes b, size_t at)
{
	return bytes_of(b.data + at, b.len - at);
}

/* The longest string at result[at] that the base has, and where. */
static size_t find(const struct walk *w, size_t at, size_t *where)
{
	struct bytes want = from(w->result, at);
	size_t low = 0, high = w->base.len, best = 0;

	/* suffixes below `low` are smaller than what we want, those from `high` on greater
	 */
	while (low < high) {
		size_t mid = low + (high - low) / 2, start = (size_t)w->order[mid];
		struct bytes suffix = from(w->base, start);
		size_t n = common(want, suffix);

		if (n > best) {
			best = n;
			*where = start;
		}
		if (n == want.len)
			break;
		if (n == suffix.len || suffix.data[n] < want.data[n])
			low = mid + 1;
		else
			high = mid;
	}
	return best;
}

static bool agrees(const struct walk *w, size_t i)
{
	int64_t at = (int64_t)i + w->offset;

	return at >= 0 && (uint64_t)at < w->base.len &&
	       w->base.data[at] == w->result.data[i];
}

/* How far the alignment in use goes on from `told` at a profit: at least half of it
 * equal. */
static size_t extend_forward(const struct walk *w, size_t until)
{
	int64_t equal = 0, best = 0;
	size_t length = 0;

	for (size_t i = 0; w->told + i < until && w->told_base + i < w->base.len;) {
		equal += w->base.data[w->told_base + i] == w->result.data[w->told + i];
		i++;
		if (2 * equal - (int64_t)i > best) {
			best = 2 * equal - (int64_t)i;
			length = i;
		}
	}
	return length;
}

/* How far the new alignment reaches back. */
static size_t extend_backward(const struct walk *w, size_t at, size_t where)
{
	int64_t equal = 0, best = 0;
	size_t length = 0;

	for (size_t i = 1; at >= w->told + i && where >= i; i++) {
		equal += w->base.data[where - i] == w->result.data[at - i];
		if (2 * equal - (int64_t)i > best) {
			best = 2 * equal - (int64_t)i;
			length = i;
		}
	}
	return length;
}

/* Where both reach, the cut is made where it leaves the most equal bytes. */
static void cut_overlap(
	const struct walk *w, size_t at, size_t where, size_t *forward, size_t *backward)
{
	size_t overlap, best_at = 0;
	int64_t score = 0, best = 0;

	if (w->told + *forward <= at - *backward)
		return;
	overlap = w->told + *forward - (at - *backward);
	for (size_t i = 0; i < overlap; i++) {
		size_t left = *forward - overlap + i, right = *backward - i;

		score += w->result.data[w->told + left] ==
			 w->base.data[w->told_base + left];
		score -= w->result.data[at - right] == w->base.data[where - right];
		if (score > best) {
			best = score;
			best_at = i + 1;
		}
	}
	*forward -= overlap - best_at;
	*backward -= best_at;
}

/* Tells everything up to `at`, where the base's position becomes `where`. */
static void tell(struct walk *w, size_t at, size_t where, bool is_end)
{
	size_t forward = extend_forward(w, at),
	       backward = is_end ? 0 : extend_backward(w, at, where);
	int64_t move;

	cut_overlap(w, at, where, &forward, &backward);

	size_t added = at - backward - (w->told + forward);

	move = is_end ? 0
		      : (int64_t)(where - backward) - (int64_t)(w->told_base + forward);
	if (forward + added > 0 || move != 0) {
		varint_add(&w->out->control, forward);
		varint_add(&w->out->control, added);
		varint_add_signed(&w->out->control, move);
	}
	for (size_t i = 0; i < forward; i++)
		buf_add_byte(&w->out->difference,
			(unsigned char)(w->result.data[w->told + i] -
					w->base.data[w->told_base + i]));
	buf_add(&w->out->extra, w->result.data + w->told + forward, added);
	w->told = at - backward;
	w->told_base = where - backward;
	w->offset = (int64_t)where - (int64_t)at;
}

static void walk(struct walk *w)
{
	size_t at = 0, length = 0, where = 0;

	while (at < w->result.len) {
		size_t counted = at += length, old_score = 0;

		for (; at < w->result.len; at++) {
			length = find(w, at, &where);
			for (; counted < at + length; counted++)
				old_score += agrees(w, counted);
			if ((length == old_score && length != 0) ||
				length > old_score + BETTER_BY)
				break;
			old_score -= agrees(w, at);
		}
		if (length != old_score || at >= w->result.len)
			tell(w, at < w->result.len ? at : w->result.len, where,
				at >= w->result.len);
	}
}

int bsdiff_make(struct bytes base, struct bytes result, struct bsdiff *out, struct err *e)
{
	auto_free int32_t *order = NULL;
	struct walk w = { .base = base, .result = result, .out = out };

	if (base.len > BSDIFF_MAX || result.len > BSDIFF_MAX)
		return err_set(e, ERR_LIMIT, "bsdiff: more than %u bytes", BSDIFF_MAX);
	if (sufsort(base, &order, e) < 0)
		return -1;
	w.order = order;
	walk(&w);
	if (buf_check(&out->control, "control", e) < 0 ||
		buf_check(&out->difference, "difference", e) < 0)
		return -1;
	return buf_check(&out->extra, "extra", e);
}
