#include "client/image/cmd.h"
#include "client/image/home.h"
#include "client/image/pull.h"
#include "lib/base/jsonw.h"

#include <inttypes.h>
#include <time.h>

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void say_json(
	struct out *out, const struct pulled *p, const char *remote, int64_t ms)
{
	auto_buf struct buf text = BUF_INIT(64 << 10);
	struct jsonw w = jsonw_to(&text);
	char name[IMAGE_NAME_MAX];

	image_format(&p->image, name);
	jsonw_object(&w);
	jsonw_kstr(&w, "remote", remote);
	jsonw_kstr(&w, "image", name);
	jsonw_kstr(&w, "serial", p->serial);
	jsonw_kstr(&w, "id", p->id);
	jsonw_kbool(&w, "was_stored", p->was_stored);
	jsonw_kbool(&w, "single_id", p->single_id);
	jsonw_kint(&w, "fetched_bytes", (int64_t)p->fetched_bytes);
	jsonw_kint(&w, "unpacked_bytes", (int64_t)p->unpacked.bytes);
	jsonw_kint(&w, "entries", (int64_t)p->unpacked.entries);
	jsonw_kint(&w, "ms", ms);
	jsonw_end_object(&w);
	out_result(out, "%s\n", buf_str(&text));
}

static void say(struct out *out, const struct pulled *p, int64_t ms)
{
	char name[IMAGE_NAME_MAX], fetched[32], unpacked[32];

	image_format(&p->image, name);
	if (p->was_stored)
		out_result(out, "%s %s: stored already\n", name, p->serial);
	else
		out_result(out,
			"%s %s: %s fetched, %s in %" PRIu64 " entries unpacked, %" PRId64
			".%" PRId64 " s\n",
			name, p->serial,
			out_size(p->fetched_bytes, fetched, sizeof(fetched)),
			out_size(p->unpacked.bytes, unpacked, sizeof(unpacked)),
			p->unpacked.entries, ms / 1000, ms % 1000 / 100);
}

static int run(struct call *c, struct err *e)
{
	auto_remotes struct remotes remotes = { 0 };
	auto_fd int config_fd = home_open(PLACE_CONFIG, e);
	const struct remote *remote;
	struct image_ref ref;
	struct pulled done;
	int64_t began = now_ms();

	if (config_fd < 0 || image_ref_parse(c->argv[0], &ref, e) < 0) {
		if (e->code == ERR_PARSE)
			e->code = ERR_USAGE;
		return -1;
	}
	if (remotes_load(config_fd, &remotes, e) < 0 ||
		remotes_find(&remotes, ref.remote, &remote, e) < 0)
		return -1;
	if (pull_image(remote, &ref, 0, c->out, &done, e) < 0)
		return err_wrap(e, "cannot pull '%s'", c->argv[0]);
	if (c->out->json)
		say_json(c->out, &done, remote->name, now_ms() - began);
	else if (c->out->level < 0)
		out_result(c->out, "%s\n", done.id);
	else
		say(c->out, &done, now_ms() - began);
	return 0;
}

const struct command cmd_pull = {
	.name = "pull",
	.args = "[REMOTE:]IMAGE",
	.summary = "fetch an image, verify it and put it into the store",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
