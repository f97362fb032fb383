/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * registration: one REGISTER on its way to the registrar: which phones it offers, under which
 * names the registrar gets to know them, and what its answer makes of them in the location table.
 * RFC 3261 10.
 */
#ifndef PROXY_REGISTRATION_H
#define PROXY_REGISTRATION_H

#include "base/buf.h"
#include "proxy/side.h"
#include "sip/sip_msg.h"

struct siproxd;
struct registration;

/* Reads the contacts and gives each one its name. 0; EINVAL: no such REGISTER (400); ENOSPC: the
 * table is full; ENOMEM. */
int registration_new(struct registration **out, struct siproxd *sd, const struct sip_msg *req,
    const struct hop *from);
void registration_free(struct registration *reg);
/* The name for the n-th Contact value of the request; NULL for "*" and what is no SIP URI. */
const char *registration_name(const struct registration *reg, unsigned n);
/* The Path values of the request, which the WAN does not see; NULL: none. */
const char *registration_path(const struct registration *reg);
/* The registrar there answered: a 2xx confirms or ends bindings. */
void registration_answered(struct registration *reg, struct siproxd *sd,
    const struct sip_msg *response, const struct hop *registrar);
/* The phone's own URI for a Contact of the answer that names one of ours; NULL. */
const char *registration_own_contact(const struct siproxd *sd, const struct sip_uri *uri);
/* What a phone is told of `granted` seconds: max_expires at most. */
int64_t registration_told(const struct siproxd *sd, int64_t granted);
/* Seconds that we, as the registrar, want a contact to last that asked for less (423); 0: it is
 * well. */
unsigned registration_too_brief(const struct registration *reg);
/* We are the registrar: enters the contacts and writes the Contact lines of the 200. */
void registration_local(struct registration *reg, struct siproxd *sd, struct buf *lines);

#endif
