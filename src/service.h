/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * service: makes the parts of the running program in order, keeps house (signals, reload, expiry,
 * saving, changes of address), and unmakes them in reverse. Only main uses it. Errors of the start
 * are one sentence each in the log, which is the terminal then.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include <stddef.h>
#include <stdio.h>

#include "sip/sip_uri.h"

struct config;
struct service;

struct service_options {
	const char *pid_file; /* NULL: none */
	const char *debug;    /* -d; NULL: debug_level counts */
};

/* Takes over `config`, also when it fails (then *out is NULL). errno. */
int service_start(struct service **out, struct config *config,
    const struct service_options *options);
/* Until TERM or INT. */
int service_run(struct service *s);
void service_stop(struct service *s);

/* For --check: what this machine lacks for that configuration, a line each; a siproxd that runs
 * with it already, known by its pid file (may be NULL), is told and no fault. 0 nothing, 1 it would
 * start all the same, 2 it would not. */
int service_check(const struct config *config, const char *pid_file, FILE *to);
/* The part of it that a start warns of. */
void service_warn_of_interfaces(const struct config *config);
/* Why a SIP port cannot be opened (errno), and what to do. */
void service_port_trouble(enum sip_transport transport, unsigned port, int err, char *text,
    size_t size);

#endif
