#include "httpd/check.h"

#include "httpd/date.h"
#include "lib/base/jsonw.h"
#include "lib/model/layout.h"

#define TEXT_MAX (64 << 10)

static const char *const kinds[] = {
	[LISTEN_PLAIN] = "plain",
	[LISTEN_TLS] = "tls",
	[LISTEN_REDIRECT] = "redirect",
	[LISTEN_METRICS] = "metrics",
};

struct facts {
	uint64_t generation; /* 0: none */
	char expires[32];    /* "" without TLS */
	size_t missing;      /* fixed links of a tree that lead nowhere */
	const char *missed[32];
};

static void date_text(int64_t time_s, char *out, size_t size)
{
	struct date d = date_of(time_s);

	snprintf(out, size, "%04lld-%02u-%02uT%02u:%02u:%02uZ", (long long)d.year,
		d.month, d.day, d.hour, d.minute, d.second);
}

static int find_facts(const struct service *s, struct facts *f, struct err *e)
{
	char path[SITE_PATH_MAX];
	struct stat st;

	*f = (struct facts){ .generation = site_generation(&s->site) };
	if (s->secrets.tls)
		date_text(tls_expires(s->secrets.tls), f->expires, sizeof(f->expires));
	if (f->generation == 0)
		return site_stat(&s->site, LAYOUT_LIVE, &st)
			       ? err_set(e, ERR_DAMAGED, "'%s' names no generation",
					 LAYOUT_LIVE)
			       : 0;
	snprintf(path, sizeof(path), LAYOUT_GEN "/%llu",
		(unsigned long long)f->generation);
	if (!site_stat(&s->site, path, &st))
		return err_set(
			e, ERR_DAMAGED, "the live generation '%s' is not there", path);
	for (size_t i = 0; i < layout_link_count; i++) {
		snprintf(path, sizeof(path), LAYOUT_GEN "/%llu/%s",
			(unsigned long long)f->generation, layout_links[i].inside);
		if (!site_stat(&s->site, path, &st) &&
			f->missing < ARRAY_COUNT(f->missed))
			f->missed[f->missing++] = layout_links[i].path;
	}
	return 0;
}

static void print_text(const struct service *s, const struct facts *f, struct out *out)
{
	const struct options *o = s->options;

	out_result(out, "root %s\n", o->root);
	if (f->generation > 0)
		out_result(out, "generation %llu\n", (unsigned long long)f->generation);
	else
		out_result(out, "generation none: plain files\n");
	for (size_t i = 0; i < f->missing; i++)
		out_result(out, "not in it %s\n", f->missed[i]);
	for (size_t i = 0; i < s->socket_count; i++)
		out_result(out, "socket %s %s%s\n", kinds[s->socket[i].kind],
			s->socket[i].host_port,
			s->socket[i].fd < 0 ? " (in use now)" : "");
	if (f->expires[0])
		out_result(out, "certificate until %s\n", f->expires);
	if (s->secrets.tokens)
		out_result(out, "tokens %zu\n", tokens_count(s->secrets.tokens));
	if (o->client_ca)
		out_result(out, "clients with a certificate of %s\n", o->client_ca);
	if (*o->prefix_path)
		out_result(out, "prefix /%s/\n", o->prefix_path);
	if (*o->payload_base)
		out_result(out, "payloads at %s/\n", o->payload_base);
}

static void print_json(const struct service *s, const struct facts *f, struct out *out)
{
	auto_buf struct buf text = BUF_INIT(TEXT_MAX);
	struct jsonw w = jsonw_to(&text);

	jsonw_object(&w);
	jsonw_kstr(&w, "root", s->options->root);
	jsonw_kint(&w, "generation", (int64_t)f->generation);
	jsonw_key(&w, "missing");
	jsonw_array(&w);
	for (size_t i = 0; i < f->missing; i++)
		jsonw_str(&w, f->missed[i]);
	jsonw_end_array(&w);
	jsonw_key(&w, "sockets");
	jsonw_array(&w);
	for (size_t i = 0; i < s->socket_count; i++) {
		jsonw_object(&w);
		jsonw_kstr(&w, "kind", kinds[s->socket[i].kind]);
		jsonw_kstr(&w, "address", s->socket[i].host_port);
		jsonw_kbool(&w, "in_use", s->socket[i].fd < 0);
		jsonw_end_object(&w);
	}
	jsonw_end_array(&w);
	if (f->expires[0])
		jsonw_kstr(&w, "certificate_until", f->expires);
	if (s->secrets.tokens)
		jsonw_kint(&w, "tokens", (int64_t)tokens_count(s->secrets.tokens));
	jsonw_end_object(&w);
	out_result(out, "%s\n", buf_str(&text));
}

int check_print(const struct service *s, struct out *out, struct err *e)
{
	struct facts f;

	if (find_facts(s, &f, e) < 0)
		return -1;
	if (out->json)
		print_json(s, &f, out);
	else
		print_text(s, &f, out);
	return out_flush(out, e);
}
