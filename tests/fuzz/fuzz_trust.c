/* Envelope, root, current and file lists: what parses must format to what parses. */
#include "lib/model/trust.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROOM (16 * TRUST_DOC_MAX)

static void need(bool fact)
{
	if (!fact)
		err_abort("a document that parses is not what is written");
}

static void try_root(struct bytes in)
{
	struct trust_root r auto_trust_root = { .version = 0 };
	struct trust_root back auto_trust_root = { .version = 0 };
	struct buf out auto_buf = BUF_INIT(ROOM);
	const char *fprs[TRUST_KEYS_MAX];
	struct err e;

	if (trust_root_parse(in, &r, &e) < 0)
		return;
	for (enum trust_role_name role = TRUST_ROOT; role <= TRUST_TIMESTAMP; role++)
		need(trust_role_at(&r, role, r.created_s, fprs).count <=
			r.role[role].count);
	need(trust_root_format(&r, &out, &e) == 0);
	if (out.len <= TRUST_DOC_MAX)
		need(trust_root_parse(buf_bytes(&out), &back, &e) == 0);
}

static void try_current(struct bytes in)
{
	struct current c auto_current = { .version = 0 };
	struct current back auto_current = { .version = 0 };
	struct buf out auto_buf = BUF_INIT(ROOM);
	struct err e;

	if (current_parse(in, &c, &e) < 0)
		return;
	need(current_format(&c, &out, &e) == 0);
	if (out.len <= TRUST_DOC_MAX)
		need(current_parse(buf_bytes(&out), &back, &e) == 0);
}

static void try_envelope(struct bytes in)
{
	struct envelope v auto_envelope = { .type = "" };
	struct buf out auto_buf = BUF_INIT(ROOM);
	struct err e;

	if (envelope_parse(in, &v, &e) < 0)
		return;
	if (envelope_format(v.type, v.payload, v.signature, v.signature_count, &out, &e) <
		0)
		need(e.code == ERR_LIMIT);
	try_root(v.payload);
	try_current(v.payload);
}

static void try_files(struct bytes in)
{
	struct arena a auto_arena = { .head = NULL };
	struct buf out auto_buf = BUF_INIT(ROOM);
	struct trust_object *file;
	size_t count;
	struct err e;

	if (files_parse(in, &a, &file, &count, &e) == 0)
		need(files_format(file, count, &out, &e) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);

	try_envelope(in);
	try_root(in);
	try_current(in);
	try_files(in);
	return 0;
}
