#include "builder/due.h"

#include "builder/build.h"
#include "builder/download.h"

#include <fcntl.h>
#include <sys/mman.h>

#define FILE_SCHEME "file://"
#define FETCHED_MAX (16LL << 30)

/* The digest of what is at url today; false when it is not to be had: then it is built,
 * and the build says what is wrong. */
static bool digest_today(struct job *j, const char *url, struct digest *out)
{
	bool local = strncmp(url, FILE_SCHEME, strlen(FILE_SCHEME)) == 0;
	auto_fd int fd = -1;
	struct err ignored;
	uint64_t size;

	if (local)
		fd = open(url + strlen(FILE_SCHEME), O_RDONLY | O_CLOEXEC | O_NOCTTY);
	else
		fd = open("/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0 || (!local && download(url, fd, FETCHED_MAX, j->log_fd, &ignored) < 0))
		return false;
	return digest_of_fd(fd, url, out, &size, &ignored) == 0;
}

static const char *judge(struct job *j, const struct build_source *s)
{
	struct digest today;

	if (strcmp(s->kind, "package") == 0)
		return NULL; /* its index answers for it */
	if (strcmp(s->kind, "file") == 0 &&
		strncmp(s->url, FILE_SCHEME, strlen(FILE_SCHEME)) != 0)
		return "files that lie beside the recipe are copied";
	if (!digest_today(j, s->url, &today))
		return "a source cannot be looked at";
	if (digest_equal(&today, &s->sha256))
		return NULL;
	return strcmp(s->kind, "index") == 0 ? "the archive's index changed"
					     : "the source changed";
}

const char *due_sources(struct job *j, const struct build *last)
{
	bool indexed = false;

	if (last->source_count == 0)
		return "its sources are not known in advance";
	for (size_t i = 0; i < last->source_count; i++) {
		const char *changed = judge(j, &last->source[i]);

		if (changed)
			return changed;
		indexed = indexed || strcmp(last->source[i].kind, "index") == 0;
	}
	if (!indexed && build_uses_manager(j))
		return "its packages are not known in advance";
	return NULL;
}
