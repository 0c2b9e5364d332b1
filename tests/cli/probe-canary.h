/* probe-canary.h -- what probe-plant puts outside and probe-escape looks for inside. */
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define KEY_NAME "rootyard-canary"
#define MSG_KEY  0x726f6f74

static socklen_t abstract(struct sockaddr_un *un)
{
	*un = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(un->sun_path + 1, KEY_NAME, strlen(KEY_NAME));
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(KEY_NAME));
}
