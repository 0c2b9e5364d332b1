#include "indexer/clients.h"

static const struct {
	const char *name;
	enum client client;
} clients[] = {
	{ "lxc", CLIENT_LXC },
	{ "simplestreams", CLIENT_STREAMS },
	{ "oci", CLIENT_OCI },
	{ "wsl", CLIENT_WSL },
	{ "oci-gzip", CLIENT_OCI_GZIP },
	{ "aplinfo", CLIENT_APLINFO },
	{ "api", CLIENT_API },
	{ "feed", CLIENT_FEED },
	{ "pages", CLIENT_PAGES },
};

unsigned int client_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_COUNT(clients); i++)
		if (!(clients[i].client & CLIENTS_ALWAYS) &&
			strcmp(clients[i].name, name) == 0)
			return clients[i].client;
	return 0;
}

const char *client_name(enum client client)
{
	for (size_t i = 0; i < ARRAY_COUNT(clients); i++)
		if (clients[i].client == client)
			return clients[i].name;
	return "";
}

void clients_list(struct buf *out)
{
	for (size_t i = 0; i < ARRAY_COUNT(clients); i++)
		if (!(clients[i].client & CLIENTS_ALWAYS))
			buf_printf(out, "%s%s", i ? ", " : "", clients[i].name);
}
