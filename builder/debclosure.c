#include "builder/debclosure.h"

#include "builder/stanza.h"

#define STANZAS_MAX (1U << 20)
#define NONE        ((uint32_t)-1)

/* The fields that decide, found in one pass over a stanza. */
struct node {
	struct bytes stanza, name, provides, depends, pre_depends, priority;
	size_t text;
	bool essential, chosen;
};

/* Who has a name, or provides it: a chain for each hash. */
struct claim {
	struct bytes name;
	uint32_t node, next;
};

struct closure {
	const struct debclosure *asked;
	struct node *node;
	size_t node_count, node_room;
	struct claim *claim;
	size_t claim_count, claim_room;
	uint32_t *bucket, *queue;
	size_t bucket_count, queued;
};

static void closure_release(struct closure *c)
{
	free(c->node);
	free(c->claim);
	free(c->bucket);
	free(c->queue);
}

/* ---- one stanza */

static void take_field(struct node *n, struct bytes name, struct bytes value)
{
	const struct {
		const char *name;
		struct bytes *out;
	} fields[] = { { "Package", &n->name }, { "Provides", &n->provides },
		{ "Depends", &n->depends }, { "Pre-Depends", &n->pre_depends },
		{ "Priority", &n->priority } };

	for (size_t i = 0; i < ARRAY_COUNT(fields); i++)
		if (bytes_equal_str(name, fields[i].name))
			*fields[i].out = value;
	if (bytes_equal_str(name, "Essential"))
		n->essential = bytes_equal_str(value, "yes");
}

static void read_stanza(struct node *n)
{
	const unsigned char *p = n->stanza.data, *end = p + n->stanza.len;

	while (p < end) {
		const unsigned char *nl = memchr(p, '\n', (size_t)(end - p));
		const unsigned char *stop = nl ? nl : end, *colon, *value;

		/* All of them begin so; most lines do not. */
		if (memchr("PDE", *p, 3)) {
			while (stop + 1 < end && stop[1] == ' ') {
				nl = memchr(stop + 1, '\n', (size_t)(end - stop - 1));
				stop = nl ? nl : end;
			}
			colon = memchr(p, ':', (size_t)(stop - p));
			for (value = colon ? colon + 1 : stop;
				value < stop && *value == ' '; value++)
				continue;
			if (colon)
				take_field(n, bytes_of(p, (size_t)(colon - p)),
					bytes_of(value, (size_t)(stop - value)));
		}
		p = stop + 1;
	}
}

/* ---- lists of packages */

static bool is_name(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' ||
	       c == '.' || (c >= 'A' && c <= 'Z');
}

/* The next name of "a (>= 1) | b:any, c": false at the end. */
static bool next_name(struct bytes *list, struct bytes *out)
{
	size_t at = 0, start;

	while (at < list->len && !is_name(list->data[at]))
		at++;
	start = at;
	while (at < list->len && is_name(list->data[at]))
		at++;
	*out = bytes_of(list->data + start, at - start);
	/* A version, an architecture: not names. */
	while (at < list->len && list->data[at] != ',' && list->data[at] != '|')
		at++;
	*list = bytes_of(list->data + at, list->len - at);
	return out->len > 0;
}

static uint32_t hash_of(struct bytes name)
{
	uint32_t h = 2166136261U;

	for (size_t i = 0; i < name.len; i++)
		h = (h ^ name.data[i]) * 16777619U;
	return h;
}

/* ---- who claims which name */

static void add_claim(struct closure *c, struct bytes name, size_t node)
{
	if (c->claim_count == c->claim_room) {
		c->claim_room = c->claim_room ? c->claim_room * 2 : 1U << 17;
		c->claim = xrealloc(c->claim, c->claim_room * sizeof(*c->claim));
	}
	c->claim[c->claim_count++] =
		(struct claim){ .name = name, .node = (uint32_t)node };
}

static void make_buckets(struct closure *c)
{
	for (c->bucket_count = 1024; c->bucket_count < c->claim_count;)
		c->bucket_count *= 2;
	c->bucket = xmalloc(c->bucket_count * sizeof(*c->bucket));
	memset(c->bucket, 0xff, c->bucket_count * sizeof(*c->bucket));
	for (size_t i = 0; i < c->claim_count; i++) {
		uint32_t *slot =
			&c->bucket[hash_of(c->claim[i].name) & (c->bucket_count - 1)];

		c->claim[i].next = *slot;
		*slot = (uint32_t)i;
	}
}

static int read_text(struct closure *c, size_t text, struct err *e)
{
	struct bytes rest = c->asked->text[text], stanza, list, name;

	while (stanza_next(&rest, &stanza)) {
		struct node *n;

		if (c->node_count == STANZAS_MAX)
			return err_set(
				e, ERR_LIMIT, "more than %u packages", STANZAS_MAX);
		if (c->node_count == c->node_room) {
			c->node_room = c->node_room ? c->node_room * 2 : 1U << 16;
			c->node = xrealloc(c->node, c->node_room * sizeof(*c->node));
		}
		n = &c->node[c->node_count];
		*n = (struct node){ .stanza = stanza, .text = text };
		read_stanza(n);
		if (n->name.len == 0)
			continue;
		add_claim(c, n->name, c->node_count);
		list = n->provides;
		while (next_name(&list, &name))
			add_claim(c, name, c->node_count);
		c->node_count++;
	}
	return 0;
}

/* ---- what can be reached */

static void choose(struct closure *c, size_t node)
{
	if (c->node[node].chosen)
		return;
	c->node[node].chosen = true;
	c->queue[c->queued++] = (uint32_t)node;
}

static void choose_name(struct closure *c, struct bytes name)
{
	uint32_t at = c->bucket[hash_of(name) & (c->bucket_count - 1)];

	/* no claims: all buckets say NONE */
	for (; c->claim && at != NONE; at = c->claim[at].next)
		if (bytes_equal(c->claim[at].name, name))
			choose(c, c->claim[at].node);
}

static bool is_start(const struct closure *c, const struct node *n)
{
	if (n->essential)
		return true;
	for (size_t i = 0; c->asked->priority[i]; i++)
		if (bytes_equal_str(n->priority, c->asked->priority[i]))
			return true;
	return false;
}

static void reach(struct closure *c)
{
	for (size_t i = 0; i < c->node_count; i++)
		if (is_start(c, &c->node[i]))
			choose(c, i);
	for (size_t i = 0; c->asked->wanted[i]; i++)
		choose_name(c, bytes_of_str(c->asked->wanted[i]));
	for (size_t i = 0; i < c->queued; i++) {
		const struct node *n = &c->node[c->queue[i]];
		struct bytes lists[] = { n->pre_depends, n->depends }, name;

		for (size_t k = 0; k < ARRAY_COUNT(lists); k++)
			while (next_name(&lists[k], &name))
				choose_name(c, name);
	}
}

static int run(struct closure *c, struct buf *const *out, struct err *e)
{
	for (size_t i = 0; i < c->asked->count; i++)
		if (read_text(c, i, e) < 0)
			return -1;
	c->queue = xcalloc(c->node_count + 1, sizeof(*c->queue));
	make_buckets(c);
	reach(c);
	for (size_t i = 0; i < c->node_count; i++) {
		const struct node *n = &c->node[i];

		if (!n->chosen)
			continue;
		buf_add(out[n->text], n->stanza.data, n->stanza.len);
		if (n->stanza.data[n->stanza.len - 1] != '\n')
			buf_add_str(out[n->text], "\n");
		buf_add_str(out[n->text], "\n");
	}
	for (size_t i = 0; i < c->asked->count; i++)
		if (buf_check(out[i], "what may be needed of an index", e) < 0)
			return -1;
	return 0;
}

int debclosure_run(const struct debclosure *asked, struct buf *const *out, struct err *e)
{
	struct closure c = { .asked = asked };
	int rc = run(&c, out, e);

	closure_release(&c);
	return rc;
}
