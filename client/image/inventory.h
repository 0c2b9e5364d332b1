/* inventory.h -- what is in the store, and who needs it.
 * In      an open store: images/, refs/ and containers/
 * Out     the images by id; what each is called (refs); the containers that are made of it
 * Rules   a ref that cannot be read names nothing; a container whose config cannot be read
 *         needs every image: nothing is taken away under it
 * Owns    everything, until inventory_release */
#ifndef CLIENT_IMAGE_INVENTORY_H
#define CLIENT_IMAGE_INVENTORY_H

#include "client/image/store.h"

struct inventory_ref {
	char *remote;
	struct image image;
	char serial[SERIAL_MAX];
	char name[STORE_NAME_MAX]; /* of the image in the store */
	bool is_there;
};

struct inventory_image {
	char *name;
	size_t refs, containers;
};

struct inventory {
	struct arena arena;
	struct inventory_image *image; /* sorted by name */
	size_t image_count;
	struct inventory_ref *ref; /* sorted by remote and image */
	size_t ref_count, ref_room;
	const char *unreadable; /* a container whose image is not known, or NULL */
};

int inventory_take(
	const struct store *s, struct inventory *out, struct err *e) must_check nonnull;
void inventory_release(struct inventory *v) nonnull;
#define auto_inventory with_cleanup(inventory_release)

/* "remote:d/r/a/v" of the ref. */
void inventory_ref_text(
	const struct inventory_ref *r, char *out, size_t out_size) nonnull;

/* The stored images that a person means: an id or at least 6 digits of its beginning, or
 * [REMOTE:]DISTRO[/RELEASE][/ARCH][/VARIANT][@SERIAL|@sha256:HEX] with aliases, where what is not
 * given may be anything. Sets found (image_count bools). ERR_NOTFOUND when there is none. */
int inventory_find(const struct store *s, const struct inventory *v, const char *text,
	bool *found, struct err *e) must_check nonnull;

#endif
