/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * service_state: what the running program consists of, shared by the files that look after it:
 * service.c makes and unmakes it, service_files.c its files, service_passwords.c the phones'
 * passwords; housekeeping.c keeps it in order. Nobody else includes this.
 */
#ifndef SERVICE_STATE_H
#define SERVICE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/timers.h"
#include "proxy/call.h"
#include "service.h"
#include "siproxd.h"

struct debug_port;
struct file;
struct netwatch;
struct notify;
struct passwords;
struct trace;
struct writer;

struct service {
	struct siproxd sd;
	struct config *boot;   /* of the start: what cannot change at run time is read from it */
	struct config *config; /* the one in force; may be the same */
	struct service_options options;
	struct file *config_file;   /* for the reload, which root and the world outside a jail may
				       be gone for; NULL: it could not be kept open */
	struct file *password_file; /* NULL: none is named, or nobody is asked */
	uint64_t password_stamp;    /* of what was read from it */
	char *pid_file;             /* as it was called before the jail */
	bool jailed;
	struct trace *trace;           /* NULL: none */
	struct debug_port *debug_port; /* NULL: none */
	struct notify *notify;         /* NULL: nobody started us who waits for news */
	struct timer housekeeping;
	unsigned rounds;
	struct netwatch *netwatch; /* NULL: the system does not tell */
	struct writer *writer;     /* of registrations and snapshot; NULL: there are none */
};

/* In service_files.c: */

/* Whom to become; NULL: nobody else. */
const char *service_run_as(const struct config *c);
/* Who shall own the files that we make; -1: nobody else than now. */
void service_file_owner(const struct config *c, uid_t *uid, gid_t *gid);
/* ENOMEM: without the trace siproxd runs too. */
int service_start_trace(struct service *s);
/* Opens the registrations, the snapshot and the configuration, and writes the pid file. ENOMEM:
 * what cannot be opened is said, and done without. */
int service_start_files(struct service *s);
void service_load_registrations(struct service *s);
/* What ran when we ended goes on, or is ended properly. */
void service_load_snapshot(struct service *s);
void service_remove_pid_file(struct service *s);

/* In service_passwords.c: */

/* What `c` says of them, from *file or, if that is NULL, from the file it names, which is opened.
 * 0; errno, with a sentence in `why` unless memory is short. No realm: *out is NULL. */
int service_read_passwords(const struct config *c, struct file **file, struct passwords **out,
    char *why, size_t size);
/* errno; it has said why. */
int service_start_passwords(struct service *s);
/* By another configuration, or because the file has changed. errno: said, and nothing changed. */
int service_renew_passwords(struct service *s, const struct config *c);
/* Once a second. */
void house_watch_passwords(struct service *s);

/* In housekeeping.c: */

/* The signals' callbacks. errno. */
int house_start_signals(struct service *s);
/* Expiry, saving, changes of address: from now on, once a second. ENOMEM. */
int house_start(struct service *s);
void house_stop(struct service *s);
/* silence_log, debug_level and -d. */
void house_set_log(const struct service *s);
/* tcp_timeout and its like. */
void house_set_tcp_times(const struct service *s);
/* What we are called besides our addresses. */
void house_set_names(struct service *s, const struct config *c);
/* Of dialogs without a call: subscriptions, several a phone. */
size_t house_max_dialogs(const struct config *c);
void house_call_limits(const struct config *c, struct call_limits *out);

#endif
