/* ipscope.h -- is an address one of this machine or this network?
 * In      the text of an IPv4 or IPv6 address
 * Out     true for loopback, link-local, private, carrier-grade NAT, unspecified and
 *         what is no address at all
 * Source  RFC 6890, RFC 4193, RFC 6598 */
#ifndef CLIENT_IMAGE_IPSCOPE_H
#define CLIENT_IMAGE_IPSCOPE_H

#include "lib/base/auto.h"

#include <stdbool.h>

bool ip_is_private(const char *text) nonnull;

#endif
