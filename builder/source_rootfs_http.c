/* A tree out of one archive: http, https or a local file. */
#include "builder/evidence.h"
#include "builder/source.h"

#define URL_MAX 4096

/* A template rendered over the recipe, or NULL when nothing is set. */
static int rendered(struct job *j, const struct text *text, const char *what,
	const char **out, struct err *e)
{
	auto_buf struct buf url = BUF_INIT(URL_MAX);

	*out = NULL;
	if (!text_is_set(text))
		return 0;
	if (recipe_render(j->recipe, text, what, &url, e) < 0)
		return -1;
	*out = arena_strdup(&j->arena, buf_str(&url));
	return 0;
}

int source_rootfs_http(struct job *j, struct err *e)
{
	struct evidence v = { .url = NULL };

	if (rendered(j, &j->recipe->source.url, "source.url", &v.url, e) < 0 ||
		rendered(j, &j->release->checksums, "checksums", &v.checksums, e) < 0 ||
		rendered(j, &j->release->signature, "signature", &v.signature, e) < 0)
		return -1;
	if (!v.url)
		return err_set(e, ERR_RECIPE, "'source.url' says not where to fetch");
	v.over_checksums = v.checksums != NULL;
	return source_archive(j, &v, NULL, e);
}
