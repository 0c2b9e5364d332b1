#include "client/image/url.h"

int url_check(const char *text, bool insecure_transport, struct err *e)
{
	bool https = strncmp(text, "https://", 8) == 0;
	bool http = strncmp(text, "http://", 7) == 0;

	if (http && !insecure_transport)
		return err_set(e, ERR_USAGE,
			"cannot use '%s': http lets anybody on the way see and delay "
			"what you "
			"fetch; use https, or say --insecure-transport (signatures are "
			"checked "
			"all the same)",
			text);
	if (!https && !http)
		return err_set(
			e, ERR_USAGE, "cannot use '%s': expected https://HOST/...", text);
	if (strlen(text) > 1000 || text[https ? 8 : 7] == '/' || !text[https ? 8 : 7])
		return err_set(e, ERR_USAGE, "cannot use '%s': no host in it", text);
	for (const char *p = text; *p; p++)
		if (*p <= ' ' || *p >= 0x7f || strchr("\"<>\\^`{|}?#@", *p))
			return err_set(e, ERR_USAGE,
				"cannot use '%s': a URL of a tree has no '%c' in it",
				text, *p > ' ' && *p < 0x7f ? *p : '?');
	return 0;
}
