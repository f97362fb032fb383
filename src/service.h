/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * service: makes the parts of the running program in order, keeps house (signals, reload, expiry,
 * saving, changes of address), and unmakes them in reverse. Only main uses it. Errors of the start
 * are one sentence each in the log, which is the terminal then.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include <stdio.h>

struct config;
struct service;

struct service_options {
	const char *pid_file;    /* NULL: none */
	const char *debug;       /* -d; NULL: debug_level counts */
};

/* Takes over `config`, also when it fails (then *out is NULL). errno. */
int service_start(struct service **out, struct config *config,
    const struct service_options *options);
/* Until TERM or INT. */
int service_run(struct service *s);
void service_stop(struct service *s);

/* For --check: what this machine lacks to run that configuration, a line each; how many. */
int service_check(const struct config *config, FILE *to);

#endif
