/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * readdress: our own address on a side has become another one. What was begun under the old one
 * cannot be heard from any more: calls end, with a BYE to both ends from where we are now, and what
 * is still pending is answered or forgotten. What follows uses the new address by itself.
 */
#ifndef PROXY_READDRESS_H
#define PROXY_READDRESS_H

struct siproxd;

/* To be called after side_refresh() or side_set_public() has changed the picture. A side that has
 * lost its address without getting another is waited for: the old one may come back. */
void readdress(struct siproxd *sd);

#endif
