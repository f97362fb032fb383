/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sip_uri: the parts of a URI, of a name-addr and of a parameter list as byte ranges of the text
 * they stand in, so that one part can be edited without touching the others. Nothing is copied.
 * RFC 3261 19.1, 20.10, 25.1.
 */
#ifndef SIP_SIP_URI_H
#define SIP_SIP_URI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/str.h"

/* Where SIP is spoken when no port is written (RFC 3261 19.1.2). */
#define SIP_PORT     5060
#define SIP_TLS_PORT 5061

/* What carries a message (RFC 3261 18). */
enum sip_transport { SIP_UDP, SIP_TCP };
/* As a Via writes it: "UDP", "TCP". */
const char *sip_transport_name(enum sip_transport transport);
/* As a URI of ours carries it: ";transport=tcp", or nothing for UDP. */
const char *sip_transport_param(enum sip_transport transport);

struct sip_uri {
	struct str whole;
	struct str scheme;
	struct str user;     /* without password; len 0 and s NULL when there is no '@' */
	struct str userinfo; /* with password */
	struct str host;     /* IPv6 with its brackets */
	struct str hostport; /* host and, if there is one, ":port" */
	uint16_t port;       /* 0: none written */
	struct str params;   /* from the first ';' to before '?', may be empty */
	struct str headers;  /* from '?' on, may be empty */
};

/* sip: and sips: are taken apart; of any other scheme only `scheme` and `whole` are set (0).
 * EINVAL when it is no URI. */
int sip_uri_parse(struct sip_uri *out, struct str text);
bool sip_uri_is_sip(const struct sip_uri *uri); /* sip: or sips: */
/* RFC 3261 19.1.4, as far as a proxy needs it: scheme, user, host and port; parameters do not
 * count. A missing port equals the default one. Of other schemes the text behind them counts. */
bool sip_uri_equal(const struct sip_uri *a, const struct sip_uri *b);
/* The host is an IP literal: its address with the URI's port (the default when none). */
bool sip_uri_addr(const struct sip_uri *uri, struct addr *out);
uint16_t sip_uri_port(const struct sip_uri *uri); /* or the default of its scheme */
/* Its transport parameter. ENOENT: none is written; EPROTONOSUPPORT: one that we do not speak. */
int sip_uri_transport(const struct sip_uri *uri, enum sip_transport *out);

/* "host", "host:port", "[v6]:port", blanks around the colon allowed; *port is 0 when none is
 * written. EINVAL: it is none, or its port is none. */
int sip_hostport_parse(struct str text, struct str *host, uint16_t *port);

/* `"name" <uri>;params` or `uri;params`: without angle brackets every parameter is the header's. */
struct sip_nameaddr {
	struct str display; /* as written, with its quotes */
	struct str uri;
	struct str params; /* from the first ';' on, may be empty */
	bool bracketed;
};
int sip_nameaddr_parse(struct sip_nameaddr *out, struct str text);
/* A header value of that kind, and the URI in it taken apart. 0 or EINVAL. */
int sip_nameaddr_uri(struct str text, struct sip_nameaddr *addr, struct sip_uri *uri);

/* Looks for a parameter, without regard to case, in ";a=b;c". False: not there. `value` (may be
 * NULL) is without quotes (what is escaped in them stays so) and empty for a flag; `whole` (may
 * be NULL) is ";a=b". Of two with one name it is the first. */
bool sip_param_get(struct str params, const char *name, struct str *value, struct str *whole);

/* For walking values that may hold commas in quotes and angle brackets: the position of the first
 * `stop` outside of both, or end. A quote in brackets is none, as no URI holds one. */
const char *sip_scan_to(const char *s, const char *end, char stop);
/* No quote or angle bracket is left open, so that something may be written behind it. */
bool sip_is_closed(struct str text);

#endif
