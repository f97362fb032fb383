/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * registrars: from where our providers may call us (accept_calls_from = registrar): the addresses
 * behind the names that our phones are registered with, and behind the outbound proxies. Those that
 * have granted a registration are known to location already; this is for the other servers of the
 * same provider, and for the time after a restart. Looks the names up by and by, and keeps what it
 * found for a day. Owns its tables and look-ups.
 */
#ifndef PROXY_REGISTRARS_H
#define PROXY_REGISTRARS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

struct registrars;
struct siproxd;

/* How often registrars_refresh() asks for one name. */
#define REGISTRARS_ASK_S 300

/* ENOMEM */
int registrars_new(struct registrars **out, struct siproxd *sd);
/* Before the locator. */
void registrars_free(struct registrars *r);
/* Looks up what has not been looked up lately. Call it now and then; without
 * accept_calls_from = registrar it does nothing. */
void registrars_refresh(struct registrars *r);
/* A server of a provider of ours has that IP address. */
bool registrars_know(const struct registrars *r, const struct addr *peer);

#endif
