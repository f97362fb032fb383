/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall: whether nftables' rules (also those that iptables made) seem to let UDP in, read from
 * what `nft list ruleset` prints. It looks for the usual forms and says when it cannot tell; a rule
 * is never guessed to be missing where some form was not understood. Owns nothing. For --check.
 */
#ifndef BASE_FIREWALL_H
#define BASE_FIREWALL_H

#include <stdbool.h>
#include <stdio.h>

enum firewall_verdict {
	FIREWALL_OPEN,   /* nothing is dropped, or a rule accepts all the ports */
	FIREWALL_CLOSED, /* what comes in is dropped, and no rule accepts all of them */
	FIREWALL_UNSURE  /* a form that this does not know: named sets, xtables matches */
};

/* Datagrams to UDP ports first..last, which come in by `interface` (NULL: not known). */
enum firewall_verdict firewall_read(FILE *ruleset, const char *interface, unsigned first,
    unsigned last);
/* The same of this machine's rules; UNSURE for who may not read them, or has no nft. Runs it. */
enum firewall_verdict firewall_ask(const char *interface, unsigned first, unsigned last);

#endif
