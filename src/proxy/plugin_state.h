/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plugin_state: what stands behind the opaque pointers of siproxd/plugin.h, shared by the files
 * that answer plugins: plugin_host.c, plugin_ask.c, plugin_calls.c, plugin_options.c. Nobody else
 * includes this.
 */
#ifndef PROXY_PLUGIN_STATE_H
#define PROXY_PLUGIN_STATE_H

#include "base/hash.h"
#include "base/timers.h"
#include "proxy/plugin_host.h"
#include "proxy/side.h"
#include "sip/sip_msg.h"
#include "siproxd/plugin.h"

struct config_row;
struct file;

#define PLUGIN_OPTIONS_MAX 16 /* of one plugin */

struct plugin_self {
	const struct plugin *plugin;
	const struct config_row *row[PLUGIN_OPTIONS_MAX]; /* of its options, in their order */
	const struct config *config;
	void *state;
	struct siproxd *sd; /* NULL: only its options are checked */
	struct plugins *host;
	struct timer timer;
	unsigned period_s;
	struct file *file;
	/* Of a check: */
	plugins_complain_fn *complain;
	void *complain_arg;
};

struct plugins {
	struct siproxd *sd;
	struct plugin_self **item;
	size_t count;
	struct hash calls; /* of struct call_note */
	uid_t owner;       /* of the files that plugins open */
	gid_t group;
};

/* A text handed to a plugin, freed with the message. */
struct plugin_copy {
	struct plugin_copy *next;
	char text[];
};

struct plugin_msg {
	struct siproxd *sd;
	struct sip_msg *msg;
	const struct hop *from;  /* in the stage `leave`: where it goes */
	const struct hop *asker; /* NULL: from */
	struct plan *plan;       /* to be filled in the stage `unknown`; NULL in others */
	bool fixed;              /* it is shown, and cannot be changed */
	bool answered;
	struct plugin_copy *copies;
};

/* In plugin_ask.c: */
void plugin_msg_done(struct plugin_msg *m);

/* In plugin_options.c: */
void plugin_find_rows(struct plugin_self *self);

/* In plugin_calls.c: */

/* The calls that still run are told of as ended. */
void plugin_calls_end(struct plugins *ps);
int plugin_calls_init(struct plugins *ps);
void plugin_calls_done(struct plugins *ps);

#endif
