/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * emergency: knows the calls for which ports are kept in reserve: to the numbers that the
 * administrator wrote into emergency_number, and then to urn:service:sos as well (RFC 5031). It
 * keeps nothing. Used by session.
 */
#ifndef PROXY_EMERGENCY_H
#define PROXY_EMERGENCY_H

#include <stdbool.h>

#include "base/str.h"

struct config;

/* Numbers are named at all: something is to be kept in reserve. */
bool emergency_is_configured(const struct config *config);
/* Does that Request-URI call for help? sip:112@host, sip:112;phone-context=x@host, tel:1-1-2 ... */
bool emergency_is_called(const struct config *config, struct str uri);

#endif
