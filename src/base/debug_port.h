/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * debug_port: a TCP port on which the log can be read as it is written, debug messages included
 * (`nc ROUTER PORT`). It owns the listeners and the readers' connections. Only those whom the
 * owner admits are served, a handful at a time; one who reads too slowly loses lines and holds
 * nobody up. What they send is thrown away. Used by service.
 */
#ifndef BASE_DEBUG_PORT_H
#define BASE_DEBUG_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/udp.h"

#define DEBUG_PORT_READERS 4

struct debug_port;
struct loop;

typedef bool debug_port_admits_fn(void *arg, const struct udp_from *who);

/* On IPv4 and, where there is such, IPv6. One at a time in a process: it takes the log's sink.
 * ENOMEM or errno of the IPv4 listener. */
int debug_port_open(struct debug_port **out, struct loop *loop, uint16_t port,
    debug_port_admits_fn *admits, void *arg);
void debug_port_close(struct debug_port *p);

#endif
