#include "indexer/proof.h"

#include "indexer/emission.h"
#include "lib/base/fs.h"

struct proving {
	struct yard *yard;
	const struct plan *plan;
	proof_differs *differs;
	void *ctx;
};

static int compare_file(
	const struct emit_file *file, struct bytes want, void *ctx, struct err *unused)
{
	auto_buf struct buf have = BUF_INIT(EMIT_INDEX_MAX);
	struct proving *p = ctx;
	char path[LAYOUT_PATH_MAX], sentence[128];
	struct err why;
	bool same;

	(void)unused;
	yard_gen_path(p->plan->generation, file->path, path);
	if (fs_read_at(p->yard->public_fd, path, &have, &why) < 0) {
		p->differs(path, why.text, p->ctx);
		return 0;
	}
	/* the text inside its own signature */
	same = file->treat & EMIT_CLEAR
		       ? memmem(have.data, have.len, want.data, want.len) != NULL
		       : bytes_equal(want, buf_bytes(&have));
	if (same)
		return 0;
	snprintf(sentence, sizeof(sentence),
		"is not what the catalog makes of generation %lld",
		(long long)p->plan->generation);
	p->differs(path, sentence, p->ctx);
	return 0;
}

int proof_indexes(struct yard *y, const struct plan *plan, proof_differs *differs,
	void *ctx, struct err *e)
{
	struct proving p = { .yard = y, .plan = plan, .differs = differs, .ctx = ctx };

	return emission_run(y, plan, compare_file, &p, e);
}

static int compare_image(struct proving *p, const struct emit_listed *l, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(IMAGE_DOC_MAX);
	char name[IMAGE_NAME_MAX];
	struct digest d;

	if (emit_image_document(p->yard->catalog, &p->yard->site, &l->image, l->state,
		    &text, e) < 0 ||
		buf_check(&text, "an image document", e) < 0)
		return -1;
	d = digest_of(buf_bytes(&text));
	image_format(&l->image, name);
	if (!digest_equal(&d, &l->document))
		p->differs(name, "its published document is not what the catalog makes",
			p->ctx);
	return 0;
}

int proof_documents(struct yard *y, const struct plan *plan, const struct digest *want,
	proof_differs *differs, void *ctx, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(CATALOG_MAX);
	struct proving p = { .yard = y, .plan = plan, .differs = differs, .ctx = ctx };
	char path[LAYOUT_PATH_MAX];
	struct digest d;

	for (size_t i = 0; i < plan->count; i++)
		if (compare_image(&p, &plan->image[i].listed, e) < 0)
			return -1;
	plan_catalog(plan, &y->site, &text);
	if (buf_check(&text, "the catalog", e) < 0)
		return -1;
	d = digest_of(buf_bytes(&text));
	layout_object(want, path);
	if (!digest_equal(&d, want))
		differs(path, "is not the catalog of images that follows from the builds",
			ctx);
	return 0;
}
