/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config: siproxd.conf, read once into a struct that nobody changes afterwards. A reload builds a
 * second one and swaps, or keeps the old one when the new file has an error. service owns it; below
 * proxy/ single values are handed on, never the struct.
 *
 * Each field bears its option's name; siproxd.conf(5) says what it means. The options are declared
 * in config_table.c, one row each. What a file may look like is config_lines.h's business.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/acl.h"

struct config_list {
	char **item; /* NULL when count is 0 */
	size_t count;
};

struct config_numbers {
	int *item;
	size_t count;
};

#define CONFIG_PLUGIN_OPTIONS 64

union config_plugin_option {
	int number;
	bool yes;
	char *text;
	struct config_list list;
	struct acl networks;
};

/* proxy_auth_algorithm */
enum config_auth { AUTH_MD5, AUTH_SHA256, AUTH_BOTH };

/* accept_calls_from */
enum config_callers { CALLS_FROM_ANY, CALLS_FROM_REGISTRAR };

enum config_latch { RTP_LATCH_STRICT, RTP_LATCH_ANY };

/* Strings are NULL when not set. Times are in the unit that siproxd.conf(5) names. */
struct config {
	char *file; /* what it was read from */

	/* where we stand */
	struct config_list if_inbound; /* interface names or IP addresses; empty when not set */
	char *if_outbound;             /* the same, one */
	char *host_outbound;
	struct acl local_nets;

	/* SIP */
	int sip_listen_port;
	int sip_dscp;
	struct acl hosts_allow_reg;
	struct acl hosts_allow_sip;
	struct acl hosts_deny_sip;
	int default_expires; /* seconds */
	int max_expires;     /* seconds; 0: no limit */
	char *ua_string;
	struct config_list local_domain; /* names of which we are the registrar */
	/* Two lists of equal counts: what the WAN sees instead of such a name. */
	struct config_list mask_host;
	struct config_list masked_host;
	int accept_calls_from;  /* enum config_callers */
	char *proxy_auth_realm; /* NULL: nobody is asked for a password */
	char *proxy_auth_passwd;
	char *proxy_auth_pwfile;
	int proxy_auth_algorithm; /* enum config_auth */
	bool proxy_auth_invite;
	char *outbound_proxy_host;
	int outbound_proxy_port; /* 0: not given */
	/* These three have equal counts: entry n of each belongs together. */
	struct config_list outbound_domain_name;
	struct config_list outbound_domain_host;
	struct config_numbers outbound_domain_port; /* 0: not given */

	/* TCP */
	int tcp_timeout;
	int tcp_connect_timeout; /* ms */
	int tcp_keepalive;

	/* media */
	bool rtp_proxy_enable;
	int rtp_port_low; /* at least one pair fits between low and high */
	int rtp_port_high;
	int rtp_timeout;      /* seconds, never 0 */
	int rtp_hold_timeout; /* seconds, never 0 */
	int rtp_latch;        /* enum config_latch */
	struct config_list emergency_number;
	int rtp_dscp;
	bool rtp_dscp_copy;
	int rtp_input_dejitter; /* microseconds */
	int rtp_output_dejitter;

	/* limits */
	int max_calls;
	int max_registrations;
	int max_transactions;

	/* the process and its files */
	bool daemonize;
	int silence_log;
	uint32_t debug_level;
	int debug_port; /* 0: none */
	char *user;
	char *chrootjail;
	char *pid_file;
	char *registration_file;
	int autosave_registrations; /* has no effect any more */
	char *trace_file;

	/* Understood and kept, not yet acted upon. */
	int use_rport;
	bool obscure_loops;
	int thread_stack_size;
	char *plugindir;
	struct config_list load_plugin;

	char *plugin_stun_server;
	int plugin_stun_port;
	int plugin_stun_period;

	/* The options of all other plugins, which know their types; found by their names. */
	union config_plugin_option plugin_option[CONFIG_PLUGIN_OPTIONS];
	unsigned plugin_faults; /* plugins that are loaded, and whose options are no good */
};

/*
 * What the reader has to say. ERR: there will be no config. WARN: read on, but the administrator
 * should look. INFO: good to know. SET: one line of the file as it was understood, collected only
 * when `explain` is on.
 */
enum config_level { CONFIG_ERR, CONFIG_WARN, CONFIG_INFO, CONFIG_SET };

struct config_message {
	enum config_level level;
	char *file;    /* NULL: none could be read */
	unsigned line; /* 0: the file as a whole */
	char *text;    /* one sentence, printable, no newline */
};

/* Make it with CONFIG_MESSAGES_INIT; give it back with config_messages_done(). */
struct config_messages {
	struct config_message *item;
	size_t count, cap;
	size_t lost;   /* beyond CONFIG_MESSAGES_MAX, or no memory left to keep it */
	size_t errors; /* of any fate */
	bool explain;
};

#define CONFIG_MESSAGES_INIT            \
	{                               \
		NULL, 0, 0, 0, 0, false \
	}
#define CONFIG_MESSAGES_MAX 1000

#define CONFIG_FILE_MAX (1024 * 1024) /* bytes */
#define CONFIG_LINE_MAX (64 * 1024)
#define CONFIG_LIST_MAX 1024 /* entries of one list */

/*
 * Reads `path`, or when it is NULL the first readable of ~/.siproxdrc, SYSCONFDIR/siproxd.conf,
 * /etc/siproxd.conf, /etc/siproxd/siproxd.conf, /usr/etc/siproxd.conf,
 * /usr/local/etc/siproxd.conf; (*out)->file and an INFO say which.
 * 0, and *out belongs to the caller; else *out is NULL and `msgs` holds at least one ERR (but for
 * ENOMEM): ENOENT or another errno when the file cannot be read, EFBIG when it is too large,
 * EINVAL when something in it is wrong.
 */
int config_load(struct config **out, const char *path, struct config_messages *msgs);
/* The same from memory; `name` stands for the file name in messages. EINVAL, EFBIG, ENOMEM. */
int config_parse(struct config **out, const char *name, const char *text, size_t len,
    struct config_messages *msgs);
void config_free(struct config *c);
/* load_plugin names it (here without "plugin_"), however it is written there. */
bool config_loads_plugin(const struct config *c, const char *plugin);

void config_messages_done(struct config_messages *msgs);
/* "siproxd.conf:7: error: no such thing"; returns out. */
const char *config_message_text(const struct config_message *m, char *out, size_t size);
/* All but SET, one a line. */
void config_messages_print(const struct config_messages *msgs, FILE *to);
/* For --check: each line of the file as it was understood, without passwords; then the messages. */
void config_explain(const struct config_messages *msgs, FILE *to);

/*
 * The effective configuration as `key = value` lines, which load again to the same values. What is
 * not set stands there as a comment. Passwords are written out: mind who may read it.
 * EIO when `to` took not all, ENOMEM.
 */
int config_dump(const struct config *c, FILE *to);

/*
 * For a reload: calls fn for each option whose value differs and which cannot change while we run;
 * returns how many there are. `fresh` holds their new values nonetheless; what was opened by the
 * old ones stays so until the restart.
 */
typedef void config_restart_fn(void *arg, const char *name);
size_t config_restart_needed(const struct config *old, const struct config *fresh,
    config_restart_fn *fn, void *arg);

#endif
