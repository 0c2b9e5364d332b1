/* exchange.h -- what the HTTP library calls for one listener: a connection begins and
 * ends, a request is read, answered and logged.
 * Owns    nothing; borrows all it names
 * Source  SEC-71, SEC-74, SEC-80 */
#ifndef HTTPD_EXCHANGE_H
#define HTTPD_EXCHANGE_H

#include "httpd/access.h"
#include "httpd/answer.h"
#include "httpd/conns.h"
#include "httpd/listen.h"
#include "httpd/metrics.h"
#include "httpd/response.h"

#include <microhttpd.h>

struct exchange {
	struct answers *answers;
	struct responses *responses;
	struct conns *conns;
	struct access *access; /* NULL: no log */
	struct metrics *metrics;
	enum listen_kind kind;
	bool splits_in_place; /* as framing.h needs it */
};

/* Does the library leave the lines of a head where they were received? */
bool exchange_splits_in_place(void);

/* Callbacks of the library; cls is the struct exchange. */
enum MHD_Result exchange_request(void *cls, struct MHD_Connection *connection,
	const char *url, const char *method, const char *version, const char *upload,
	size_t *upload_size, void **slot);
void exchange_completed(void *cls, struct MHD_Connection *connection, void **slot,
	enum MHD_RequestTerminationCode end);
void exchange_connection(void *cls, struct MHD_Connection *connection, void **slot,
	enum MHD_ConnectionNotificationCode what);
void *exchange_target(void *cls, const char *target, struct MHD_Connection *connection);
size_t exchange_keep_escapes(void *cls, struct MHD_Connection *connection, char *s);

#endif
