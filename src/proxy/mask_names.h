/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mask_names: the half of masquerade that translates names: From, To, Contact, Call-ID and every
 * other header that says who or where somebody is. One table of translations, applied in one
 * place. What says by which way a message goes (Via, Record-Route, Path) is masquerade.c's, and
 * nobody but that includes this.
 */
#ifndef PROXY_MASK_NAMES_H
#define PROXY_MASK_NAMES_H

#include "proxy/masquerade.h"

enum crossing {
	REQUEST_OUT = 1, /* towards the WAN */
	REQUEST_IN = 2,  /* from the WAN to the LAN */
	RESPONSE_OUT = 4,
	RESPONSE_IN = 8,
};

struct mask {
	const struct siproxd *sd;
	struct sip_msg *msg;
	enum crossing crossing;
	const struct addr *named;     /* ours on the leaving side */
	enum sip_transport transport; /* of that side */
	const struct mask_request *how;
	const struct forward *fw; /* of a response */
	unsigned contact;         /* how many Contact values were seen */
};

/* "192.0.2.1" or "192.0.2.1:5062": the default port is not written. */
const char *mask_host_port(const struct addr *a, char out[static ADDR_TEXT_MAX + 8]);
/* The URI of a name-addr, if it is a SIP URI that names a LAN address. */
bool mask_find_lan_uri(const struct siproxd *sd, struct str text, struct sip_uri *uri);
/* Each header of m->msg, by the table. 0, ENOMEM; EINVAL for one that cannot be translated. */
int mask_translate(struct mask *m);

#endif
