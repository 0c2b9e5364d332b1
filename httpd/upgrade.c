#include "httpd/upgrade.h"

#include "httpd/resolve.h"

/* A Host without its port. */
static struct bytes host_name(struct bytes host)
{
	const unsigned char *end = NULL;

	if (host.len > 0 && host.data[0] == '[') {
		end = memchr(host.data, ']', host.len);
		return end ? bytes_of(host.data + 1, (size_t)(end - host.data) - 1)
			   : bytes_of(NULL, 0);
	}
	if (host.len > 0)
		end = memchr(host.data, ':', host.len);
	return end ? bytes_of(host.data, (size_t)(end - host.data)) : host;
}

static void reply_secure(const struct policy *p, const struct request *q,
	const char *query, struct reply *r)
{
	char name[TLS_NAME_MAX], url[TLS_NAME_MAX + 16], port[8] = "";
	bool is_v6;

	if (q->target[0] != '/' ||
		!tls_choose_name(p->tls, host_name(q->head.host), name)) {
		reply_error(r, 400, "");
		return;
	}
	is_v6 = strchr(name, ':') != NULL;
	if (p->tls_port != 443)
		snprintf(port, sizeof(port), ":%u", p->tls_port);
	snprintf(url, sizeof(url), is_v6 ? "https://[%s]%s" : "https://%s%s", name, port);
	reply_secure_place(r, url, q->target, query);
}

void upgrade_request(struct answers *a, const struct request *q, const char *query,
	struct reply *r, struct file **file)
{
	struct resolved target = { .path = "" };
	struct err e;

	*file = NULL;
	if (answer_is_served(q->method) &&
		resolve_target(bytes_of_str(q->target), &target, &e) < 0)
		reply_error(r, e.code == ERR_NOTFOUND ? 404 : 400, "");
	else if (!answer_is_served(q->method) || answer_is_challenge(target.path))
		answer_request(a, q, r, file);
	else
		reply_secure(&a->policy, q, query, r);
}
