/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * authenticate: asks phones of the LAN for a password (proxy_auth_realm): with every REGISTER,
 * whoever its registrar is, and, if proxy_auth_invite says so, with an INVITE that begins a call.
 * What a phone proves to us goes no further: credentials of our realm are taken out of a request,
 * those for others pass. Owns the passwords and the nonces. RFC 3261 22.3, RFC 7616.
 */
#ifndef PROXY_AUTHENTICATE_H
#define PROXY_AUTHENTICATE_H

#include "proxy/passwords.h"
#include "proxy/pipeline.h"

struct authenticator;

/* ENOMEM */
int authenticator_new(struct authenticator **out);
void authenticator_free(struct authenticator *a);
/* Takes them over. NULL: nobody has a password that is right. */
void authenticator_set_passwords(struct authenticator *a, struct passwords *passwords);
/* PASS: it may go on, and holds no credentials of our realm any more (`msg` is another one then).
 * Otherwise it was answered: 407, 403, 400, 500, 503; or dropped: too many wrong passwords. */
enum verdict authenticate(struct siproxd *sd, struct sip_msg *msg, const struct hop *from);

#endif
