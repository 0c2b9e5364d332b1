#include "indexer/admitted.h"

#include "lib/base/jsonw.h"

static void print_json(struct out *o, const struct admitted *a, const char *word)
{
	auto_buf struct buf text = BUF_INIT(8192);
	struct jsonw w = jsonw_to(&text);

	jsonw_object(&w);
	jsonw_kstr(&w, "image", a->name);
	jsonw_kstr(&w, "serial", a->serial);
	jsonw_kstr(&w, "result", word);
	if (a->result == ADMIT_DONE || a->result == ADMIT_HELD) {
		jsonw_kint(&w, "size", (int64_t)a->size);
		jsonw_kint(&w, "linked", (int64_t)a->linked);
	}
	if (a->message[0])
		jsonw_kstr(&w, "message", a->message);
	jsonw_end_object(&w);
	out_result(o, "%s\n", buf_str(&text));
}

void admitted_report(struct out *o, const struct admitted *a)
{
	static const char *const words[] = { [ADMIT_DONE] = "added",
		[ADMIT_KNOWN] = "known",
		[ADMIT_HELD] = "held",
		[ADMIT_RELEASED] = "released",
		[ADMIT_FAILED] = "failed" };
	char size[32], linked[32];

	if (o->json) {
		print_json(o, a, words[a->result]);
		return;
	}
	if (a->result == ADMIT_HELD)
		out_warn(o,
			"%s@%s is held back: %s; look at it, and release it with 'add "
			"--force'",
			a->name, a->serial, a->message);
	else if (a->result == ADMIT_RELEASED)
		out_result(o, "released %s@%s\n", a->name, a->serial);
	else if (a->result == ADMIT_DONE)
		out_result(o, "added %s@%s (%s, %s of it linked)\n", a->name, a->serial,
			out_size(a->size, size, sizeof(size)),
			out_size(a->linked, linked, sizeof(linked)));
	else if (a->result == ADMIT_KNOWN)
		out_detail(o, "%s@%s is there already", a->name, a->serial);
	else if (a->is_new_event)
		out_note(o, "%s@%s was not built: %s", a->name, a->serial, a->message);
}
