#include "client/run/settings.h"

#include "client/run/container.h"
#include "client/run/kernel.h"
#include "client/run/net.h"
#include "client/run/signals.h"
#include "client/run/volumes.h"
#include "lib/base/fs.h"
#include "lib/model/start.h"

#define HOST_NAME_MAX_LEN 64
#define START_MAX         4096

static bool hostname_is_valid(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= HOST_NAME_MAX_LEN && name[0] != '-' && name[0] != '.' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789.-") == len;
}

/* "memory:512m": what tmpfs(5) takes. */
static bool layer_is_valid(const char *text)
{
	size_t digits;

	if (strcmp(text, "disk") == 0 || strcmp(text, "memory") == 0)
		return true;
	if (strncmp(text, "memory:", 7) != 0)
		return false;
	digits = strspn(text + 7, "0123456789");
	text += 7 + digits;
	return digits > 0 && digits < 16 &&
	       (!*text || (strchr("kmg", *text) && !text[1]));
}

static bool tmpfs_can_be_a_layer(void)
{
	return kernel_has(6, 6);
}

const char *settings_layer_of_once(void)
{
	return tmpfs_can_be_a_layer() ? "memory" : "disk";
}

static int check_layer(const char *layer, struct err *e)
{
	if (!layer_is_valid(layer))
		return err_set(e, ERR_USAGE,
			"option '--layer': '%s' is not disk, memory or memory:SIZE (as "
			"512m)",
			layer);
	if (strcmp(layer, "disk") != 0 && !tmpfs_can_be_a_layer())
		return err_set(e, ERR_USAGE,
			"option '--layer': a layer in memory needs Linux 6.6 (user "
			"attributes of tmpfs); use disk");
	return 0;
}

static int check_map_me(const char *text, struct err *e)
{
	size_t len = text ? strspn(text, "0123456789") : 0;

	if (!text || (len > 0 && len < 6 && !text[len] && atoi(text) >= 1 &&
			     atoi(text) < (int)USERNS_IDS))
		return 0;
	return err_set(e, ERR_USAGE, "option '--map-me': '%s' is not 1 to %u", text,
		USERNS_IDS - 1);
}

/* Sources that are not absolute are meant from where the caller stands. */
static const char *const *absolute_volumes(const struct opt_list *list)
{
	static const char *out[OPT_LIST_MAX + 1];

	for (size_t i = 0; i < list->count; i++)
		if (!out[i])
			out[i] = volume_absolute(list->item[i]);
	return out;
}

static int check_mounts(const struct settings *s, struct err *e)
{
	struct volumes v = { .count = 0 };
	struct net_port port;
	int rc = -1;

	if (s->volume.count == OPT_LIST_MAX || s->tmpfs.count == OPT_LIST_MAX ||
		s->device.count == OPT_LIST_MAX || s->publish.count == OPT_LIST_MAX)
		return err_set(
			e, ERR_LIMIT, "more than %d of one option", OPT_LIST_MAX - 1);
	if (volumes_add(&v, VOLUME_BIND, absolute_volumes(&s->volume), e) == 0 &&
		volumes_add(&v, VOLUME_TMPFS, s->tmpfs.item, e) == 0 &&
		volumes_add(&v, VOLUME_DEVICE, s->device.item, e) == 0)
		rc = 0;
	volumes_release(&v);
	for (size_t i = 0; rc == 0 && i < s->publish.count; i++)
		rc = net_port_parse(s->publish.item[i], &port, e);
	return rc;
}

int settings_check(const struct settings *s, struct err *e)
{
	if (s->name && !container_name_is_valid(s->name))
		return err_set(e, ERR_USAGE,
			"option '--name': '%s' is not a letter or digit and up to %d of "
			"letters, digits, '.', '_', '-'",
			s->name, NAME_MAX_LEN - 1);
	if (s->hostname && !hostname_is_valid(s->hostname))
		return err_set(e, ERR_USAGE, "option '--hostname': '%s' is no host name",
			s->hostname);
	if (s->init && s->app)
		return err_set(e, ERR_USAGE, "'--init' and '--app' exclude each other");
	if (s->user && !*s->user)
		return err_set(e, ERR_USAGE, "option '--user': no name");
	if (s->workdir[0] != '/')
		return err_set(e, ERR_USAGE, "option '--workdir': '%s' is not absolute",
			s->workdir);
	if (strcmp(s->net, "none") != 0 && strcmp(s->net, "host") != 0 &&
		strcmp(s->net, "user") != 0)
		return err_set(e, ERR_USAGE,
			"option '--net': '%s' is not none, user or host", s->net);
	if (s->publish.count > 0 && strcmp(s->net, "user") != 0)
		return err_set(e, ERR_USAGE, "option '--publish' needs '--net user'");
	if (check_mounts(s, e) < 0 || check_map_me(s->map_me, e) < 0 ||
		limits_check(&s->limits, e) < 0)
		return -1;
	return s->layer ? check_layer(s->layer, e) : 0;
}

static int read_start(int image_fd, struct settings_command *out, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(START_MAX);
	struct bytes facts;

	*out->init = *out->stop_signal = '\0';
	if (fs_read_at(image_fd, "start", &text, e) < 0)
		return e->code == ERR_NOTFOUND ? 0 : -1;
	facts = buf_bytes(&text);
	if ((start_get(facts, "init", out->init, sizeof(out->init), e) < 0 &&
		    e->code != ERR_NOTFOUND) ||
		(start_get(facts, "stop_signal", out->stop_signal,
			 sizeof(out->stop_signal), e) < 0 &&
			e->code != ERR_NOTFOUND)) {
		e->code = ERR_DAMAGED;
		return err_wrap(e, "cannot read the image's 'start'");
	}
	return 0;
}

int settings_command(const struct settings *s, int image_fd, char *const *argv,
	bool prefer_init, struct settings_command *out, struct err *e)
{
	static char shell[] = "/bin/sh", any_init[] = "/sbin/init";

	*out = (struct settings_command){ .asked = argv[0] ? argv : NULL };
	if (read_start(image_fd, out, e) < 0)
		return -1;
	out->is_system = s->init || (!s->app && !argv[0] && prefer_init && *out->init);
	if (!out->is_system)
		out->argv[0] = shell;
	else /* what an image says is a kind of init, seldom where it is */
		out->argv[0] = out->init[0] == '/' ? out->init : any_init;
	if (out->is_system)
		config_make_uuid(out->uuid);
	if (!out->is_system || signal_number(out->stop_signal) < 0)
		snprintf(out->stop_signal, sizeof(out->stop_signal), "TERM");
	return 0;
}

void settings_apply(const struct settings_command *command, struct container_config *c)
{
	c->profile = command->is_system ? "system" : "app";
	c->stop_signal = command->stop_signal;
	c->uuid = command->uuid;
	c->argv = command->asked ? command->asked : command->argv;
}

struct container_config settings_config(
	const struct settings *s, const struct stored_image *image)
{
	return (struct container_config){
		.id = image->id,
		.ref = image->ref,
		.hostname = s->hostname ? s->hostname : "",
		.net = s->net,
		.layer = s->layer ? s->layer : "disk",
		.workdir = s->workdir,
		.map_me = s->map_me ? s->map_me : "",
		.user = s->user ? s->user : "",
		.volume = absolute_volumes(&s->volume),
		.tmpfs = s->tmpfs.item,
		.device = s->device.item,
		.publish = s->publish.item,
		.limits = s->limits,
		.read_only = s->read_only,
	};
}
