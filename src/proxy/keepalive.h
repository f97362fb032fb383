/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * keepalive: where another NAT stands between us and the WAN, its way in closes after half a minute
 * of silence or so, and calls no longer arrive. Every registrar that holds one of our phones gets a
 * few bytes before that (RFC 5626 3.5, in the form that every server ignores). Keeps nothing.
 */
#ifndef PROXY_KEEPALIVE_H
#define PROXY_KEEPALIVE_H

struct siproxd;

/* NATs forget UDP after 30 s at the earliest (RFC 4787 and what is sold). */
#define KEEPALIVE_S 25

/* To be called every KEEPALIVE_S. Without such a NAT it sends nothing. */
void keepalive_send(struct siproxd *sd);

#endif
