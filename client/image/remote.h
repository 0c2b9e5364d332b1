/* remote.h -- the remotes that are configured: remotes.yaml and what packages ship.
 * Shape   schema: 1
 *         remotes:
 *           NAME: {url: https://..., kind: rootyard, fingerprint: HEX | root: FILE,
 *                  ca: FILE, insecure_transport: true,
 *                  token_file: FILE, cert: FILE, key: FILE}
 *         kind: rootyard, or simplestreams or lxc, which have no root of trust
 * Places  config/remotes.yaml, then /etc/rootyard/remotes.d/ and the packaged remotes.d
 *         (*.yaml, by name); the first that names a remote wins
 * Errors  ERR_PARSE with file, line and column; unknown keys are refused
 * Owns    the list's arena owns every string */
#ifndef CLIENT_IMAGE_REMOTE_H
#define CLIENT_IMAGE_REMOTE_H

#include "lib/base/arena.h"
#include "lib/model/image.h"

#define REMOTES_MAX      64
#define REMOTES_FILE_MAX (256U << 10)

struct remote {
	const char *name, *url;
	const char *kind;        /* as remote_kinds has it */
	const char *fingerprint; /* of the root role's key, or NULL */
	const char *root;        /* a root.N given out of band, or NULL */
	const char *ca;          /* or NULL */
	const char *token_file;  /* its first line is sent as a bearer's token, or NULL */
	const char *cert, *key;  /* a client's certificate, or NULL */
	bool insecure_transport;
	bool own;         /* it stands in the user's own file */
	const char *file; /* where it stands */
};

enum remote_kind { REMOTE_ROOTYARD, REMOTE_SIMPLESTREAMS, REMOTE_LXC, REMOTE_KINDS };

struct remote_kind_facts {
	const char *name;
	const char *trust;    /* what stands for an image of it, in a word for list */
	const char *insecure; /* and over http */
};
extern const struct remote_kind_facts remote_kinds[REMOTE_KINDS];

enum remote_kind remote_kind(const struct remote *r) nonnull;
const char *remote_trust(const struct remote *r) nonnull;

/* Is it the name of a kind? */
bool remote_kind_is_known(const char *name) nonnull;

struct remotes {
	struct arena arena;
	struct remote item[REMOTES_MAX];
	size_t count;
	const char
		*preferred; /* the user's choice of one for names without one, or NULL */
};

void remotes_release(struct remotes *r) nonnull;
#define auto_remotes with_cleanup(remotes_release)

int remotes_load(int config_fd, struct remotes *out, struct err *e) must_check nonnull;

/* The text of one file, added to the list. */
int remotes_parse(struct remotes *r, struct bytes text, const char *file, bool own,
	struct err *e) must_check nonnull;

/* Adds one that the caller filled; ERR_CONFLICT when the name is taken. */
int remotes_add(
	struct remotes *r, const struct remote *item, struct err *e) must_check nonnull;

/* Takes one of the user's own away. */
int remotes_remove(struct remotes *r, const char *name, struct err *e) must_check nonnull;

/* Writes the user's own file. */
int remotes_save(
	int config_fd, const struct remotes *r, struct err *e) must_check nonnull;

/* By name; "" means the one that the user prefers, his own `default`, his only one, the
 * `default` that is shipped, or the only one there is, in this order. */
int remotes_find(const struct remotes *r, const char *name, const struct remote **out,
	struct err *e) must_check nonnull;

#endif
