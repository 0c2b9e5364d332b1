#include "client/run/settings.h"

#include "client/run/container.h"

#define HOST_NAME_MAX_LEN 64

static bool hostname_is_valid(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= HOST_NAME_MAX_LEN && name[0] != '-' && name[0] != '.' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789.-") == len;
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
	if (s->workdir[0] != '/')
		return err_set(e, ERR_USAGE, "option '--workdir': '%s' is not absolute",
			s->workdir);
	if (strcmp(s->net, "none") != 0 && strcmp(s->net, "host") != 0)
		return err_set(
			e, ERR_USAGE, "option '--net': '%s' is not none or host", s->net);
	return 0;
}

struct container_config settings_config(
	const struct settings *s, const struct stored_image *image)
{
	return (struct container_config){
		.id = image->id,
		.ref = image->ref,
		.hostname = s->hostname ? s->hostname : "",
		.net = s->net,
		.workdir = s->workdir,
	};
}
