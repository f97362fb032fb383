/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "config_table.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A table is read in columns: */
/* clang-format off */
#define ROW(name, type, def, min, max, unit, flags, meaning)                                       \
	{ #name, type, def, min, max, unit, flags, NULL, meaning, offsetof(struct config, name), NULL }
#define NUM(name, def, min, max, unit, flags, meaning)                                             \
	ROW(name, OPT_INT, def, min, max, unit, flags, meaning)
#define BOOL(name, def, flags, meaning) ROW(name, OPT_BOOL, def, 0, 1, NULL, flags, meaning)
#define STR(name, flags, meaning)       ROW(name, OPT_STRING, NULL, 0, 0, NULL, flags, meaning)
#define LIST(name, flags, meaning)      ROW(name, OPT_LIST, NULL, 0, 0, NULL, flags, meaning)
#define ACL(name, flags, meaning)       ROW(name, OPT_ACL, NULL, 0, 0, NULL, flags, meaning)
/* An option that waits for its code, and the sentence for the one who sets it. */
#define AUTH(name, flags, meaning)                                                                 \
	{ #name, OPT_STRING, NULL, 0, 0, NULL, OPT_LATER | (flags), NULL, meaning,                 \
		offsetof(struct config, name), "REGISTER is not authenticated by this version" }
/* An option of a plugin: PLUG(stun, port, ...) is plugin_stun_port. */
#define PLUG(plugin, key, type, def, min, max, unit, meaning)                                      \
	{ "plugin_" #plugin "_" #key, type, def, min, max, unit, OPT_LATER, "plugin_" #plugin,     \
		meaning, offsetof(struct config, plugin_##plugin##_##key), NULL }
#define PSTR(plugin, key, meaning)  PLUG(plugin, key, OPT_STRING, NULL, 0, 0, NULL, meaning)
#define PLIST(plugin, key, meaning) PLUG(plugin, key, OPT_LIST, NULL, 0, 0, NULL, meaning)
#define PACL(plugin, key, meaning)  PLUG(plugin, key, OPT_ACL, NULL, 0, 0, NULL, meaning)
#define PNUM(plugin, key, def, min, max, unit, meaning)                                            \
	PLUG(plugin, key, OPT_INT, def, min, max, unit, meaning)
#define PBOOL(plugin, key, def, meaning)                                                           \
	PLUG(plugin, key, OPT_BOOL, def, 0, 1, NULL, meaning)
#define ALIAS(name, other) { name, OPT_ALIAS, NULL, 0, 0, NULL, 0, NULL, NULL, 0, other }
#define RETIRED(name, what) { name, OPT_RETIRED, NULL, 0, 0, NULL, 0, NULL, NULL, 0, what }

#define DAY 86400

const struct config_row config_rows[] = {
	/* where we stand */
	ROW(if_inbound, OPT_WORDS, NULL, 0, 0, NULL, OPT_RESTART, "interfaces towards the phones"),
	STR(if_outbound, OPT_RESTART, "interface towards the Internet"),
	STR(host_outbound, 0, "our public name or address, when another router translates"),
	ACL(local_nets, 0, "networks of phones behind other routers"),

	/* SIP */
	NUM(sip_listen_port, "5060", 1, 65535, NULL, OPT_RESTART, "SIP port"),
	NUM(sip_dscp, "0", 0, 63, NULL, OPT_RESTART, "priority mark of SIP packets"),
	ACL(hosts_allow_reg, 0, "who may register; empty: every phone inside"),
	ACL(hosts_allow_sip, 0, "who may send SIP; empty: everybody"),
	ACL(hosts_deny_sip, 0, "who may not send SIP; wins over the other two"),
	NUM(default_expires, "3600", 30, 30 * DAY, "seconds", 0,
	    "how long a registration lasts when nobody says"),
	STR(ua_string, 0, "User-Agent shown to the Internet instead of the phone's"),
	STR(outbound_proxy_host, 0, "proxy that gets all requests to the Internet"),
	NUM(outbound_proxy_port, "0", 0, 65535, NULL, 0, "its port; 0: the usual one"),
	LIST(outbound_domain_name, 0, "domain of the sender that has its own outbound proxy"),
	LIST(outbound_domain_host, 0, "proxy of that domain"),
	ROW(outbound_domain_port, OPT_NUMBERS, NULL, 0, 65535, NULL, 0,
	    "its port; 0: the usual one"),

	/* media */
	BOOL(rtp_proxy_enable, "1", OPT_RESTART, "relay voice and video"),
	NUM(rtp_port_low, "7070", 1, 65535, NULL, 0, "first RTP port"),
	NUM(rtp_port_high, "7089", 1, 65535, NULL, 0, "last RTP port"),
	NUM(rtp_timeout, "300", 1, DAY, "seconds", OPT_ZERO_DEFAULT,
	    "a call that is silent for so long is over"),
	NUM(rtp_hold_timeout, "7200", 1, 30 * DAY, "seconds", OPT_ZERO_DEFAULT,
	    "the same for a call on hold"),
	ROW(rtp_latch, OPT_ENUM, "strict", 0, 0, "strict|any", 0,
	    "who may send media before the far end is known"),
	ROW(emergency_number, OPT_WORDS, NULL, 0, 0, NULL, 0,
	    "numbers for whose calls ports are kept in reserve"),
	NUM(rtp_dscp, "0", 0, 63, NULL, 0, "priority mark of RTP packets"),

	/* limits */
	NUM(max_calls, "5000", 1, 1000000, "calls", 0, "calls at a time"),
	NUM(max_registrations, "10000", 1, 1000000, "registrations", 0, "registered phones"),
	NUM(max_transactions, "20000", 1, 1000000, "transactions", 0, "requests under way"),

	/* the process and its files */
	BOOL(daemonize, "0", OPT_RESTART, "go into the background"),
	NUM(silence_log, "1", 0, 4, NULL, 0, "how much syslog does not get"),
	ROW(debug_level, OPT_MASK, "0", -1, UINT32_MAX, NULL, 0, "areas of debug messages"),
	STR(user, OPT_RESTART, "run as this user"),
	STR(chrootjail, OPT_RESTART, "shut ourselves in below this directory"),
	STR(pid_file, OPT_RESTART, "file that holds our process number"),
	STR(registration_file, OPT_RESTART, "file that keeps registrations over a restart"),
	NUM(autosave_registrations, "300", 0, DAY, "seconds", OPT_NO_EFFECT,
	    "time between two savings of registrations"),
	STR(trace_file, OPT_RESTART, "write SIP packets into this file, for Wireshark"),

	/* understood and kept */
	NUM(tcp_timeout, "600", 0, DAY, "seconds", OPT_LATER, "idle TCP connections are closed"),
	NUM(tcp_connect_timeout, "500", 0, 600000, "milliseconds", OPT_LATER,
	    "patience with a TCP connect"),
	NUM(tcp_keepalive, "0", 0, DAY, "seconds", OPT_LATER, "time between TCP keepalives"),
	NUM(rtp_input_dejitter, "0", 0, 1500000, "microseconds", OPT_LATER,
	    "delay that evens out packets from outside"),
	NUM(rtp_output_dejitter, "0", 0, 1500000, "microseconds", OPT_LATER,
	    "delay that evens out packets from inside"),
	AUTH(proxy_auth_realm, 0, "ask phones for a password in this realm"),
	AUTH(proxy_auth_passwd, OPT_SECRET, "one password for all phones"),
	AUTH(proxy_auth_pwfile, 0, "file with the phones' passwords"),
	LIST(mask_host, OPT_LATER, "host name of a local registration to be masked"),
	LIST(masked_host, OPT_LATER, "host name that is shown instead"),
	NUM(use_rport, "0", 0, 3, NULL, OPT_LATER, "ask for answers to the sending port"),
	BOOL(obscure_loops, "0", OPT_LATER, "change Call-IDs towards the Internet"),
	NUM(debug_port, "0", 0, 65535, NULL, OPT_LATER, "TCP port that shows debug messages"),
	NUM(thread_stack_size, "0", 0, INT_MAX, "kilobytes", OPT_NO_EFFECT, "stack of a thread"),
	STR(plugindir, OPT_NO_EFFECT, "where plugins lie"),
	ROW(load_plugin, OPT_PLUGINS, NULL, 0, 0, NULL, 0, "plugin to load"),

	PSTR(demo, string, "text that the demonstration logs"),
	PSTR(shortdial, akey, "key that starts a short number, and its length"),
	PLIST(shortdial, entry, "long number of the next short number"),
	PSTR(prefix, akey, "digits put in front of dialled numbers"),
	PLIST(regex, desc, "name of a rule"),
	PLIST(regex, pattern, "numbers the rule is for"),
	PLIST(regex, replace, "what they become"),
	PLIST(regex_body, desc, "name of a rule"),
	PLIST(regex_body, pattern, "text in the body that the rule is for"),
	PLIST(regex_body, replace, "what it becomes"),
	PSTR(defaulttarget, target, "phone that gets calls for nobody"),
	PBOOL(defaulttarget, log, "0", "log such calls"),
	PACL(fix_bogus_via, networks, "Via addresses that cannot be right"),
	PACL(fix_DTAG, networks, "servers that answer with a foreign Via"),
	PACL(fix_fbox_anoncall, networks, "Fritzboxes that change their Contact"),
	PLIST(siptrunk, name, "name of a trunk"),
	PLIST(siptrunk, account, "registered account of the trunk"),
	PLIST(siptrunk, numbers_regex, "numbers of the trunk"),
	PNUM(stats, to_syslog, "0", 0, DAY, "seconds", "period of statistics in syslog"),
	PNUM(stats, to_file, "0", 0, DAY, "seconds", "period of statistics in a file"),
	PSTR(stats, filename, "that file"),
	PLIST(stripheader, remove, "header to remove"),
	PLIST(codecfilter, blacklist, "codec to remove"),
	PSTR(stun, server, "server that tells our public address"),
	PNUM(stun, port, "3478", 1, 65535, NULL, "its port"),
	PNUM(stun, period, "300", 0, DAY, "seconds", "how often it is asked"),
	PSTR(blacklist, dbpath, "database of the blacklist"),
	PLUG(blacklist, db_sync_mode, OPT_STRING, "OFF", 0, 0, NULL, "how it is written"),
	PBOOL(blacklist, simulate, "0", "log only, block nobody"),
	PNUM(blacklist, duration, "3600", 0, INT_MAX, "seconds", "how long somebody is blocked"),
	PNUM(blacklist, hitcount, "10", 1, INT_MAX, "failures", "failures before blocking"),
	PNUM(blacklist, register_window, "30", 0, DAY, "seconds", "time of one registration try"),

	/* names that OPNsense writes; siproxd 0.8 never understood them as they were meant */
	ALIAS("plugin_fbox_anoncall_networks", "plugin_fix_fbox_anoncall_networks"),
	ALIAS("plugin_stun_server_host", "plugin_stun_server"),
	ALIAS("plugin_stun_server_port", "plugin_stun_port"),
	ALIAS("plugin_stun_server_period", "plugin_stun_period"),

	/* names of older generations */
	RETIRED("log_calls", "calls are always logged"),
	RETIRED("plugin_log_calls", "calls are always logged"),
	RETIRED("pi_shortdial", "use load_plugin = plugin_shortdial.so"),
	RETIRED("pi_shortdial_akey", "use plugin_shortdial_akey"),
	RETIRED("pi_shortdial_entry", "use plugin_shortdial_entry"),
};
/* clang-format on */

const size_t config_row_count = sizeof(config_rows) / sizeof(config_rows[0]);

const struct config_row *config_row_find(const char *name)
{
	for (size_t i = 0; i < config_row_count; i++)
		if (strcmp(config_rows[i].name, name) == 0)
			return &config_rows[i];
	return NULL;
}

bool config_plugin_is_known(const char *plugin)
{
	for (size_t i = 0; i < config_row_count; i++)
		if (config_rows[i].plugin && strcmp(config_rows[i].plugin, plugin) == 0)
			return true;
	return false;
}

#define NAME_MAX_LEN 64 /* longer ones are like no option */

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

static char fold(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c == '-' ? '_' : c;
}

/* Levenshtein's distance; case and the kind of dash count nothing. */
static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned row[NAME_MAX_LEN + 1];

	for (size_t j = 0; j <= b_len; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned above_left = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			unsigned above = row[j];
			unsigned change = fold(a[i - 1]) != fold(b[j - 1]);

			row[j] = min3(above + 1, row[j - 1] + 1, above_left + change);
			above_left = above;
		}
	}
	return row[b_len];
}

const struct config_row *config_row_nearest(const char *name)
{
	size_t len = strlen(name);
	const struct config_row *best = NULL;
	unsigned best_distance;

	if (len == 0 || len > NAME_MAX_LEN)
		return NULL;
	best_distance = 1 + (unsigned)len / 3; /* a third of the letters may be wrong */
	for (size_t i = 0; i < config_row_count; i++) {
		const struct config_row *row = &config_rows[i];
		unsigned d;

		if (!config_row_is_option(row))
			continue;
		d = distance(name, len, row->name, strlen(row->name));
		if (d < best_distance) {
			best = row;
			best_distance = d;
		}
	}
	return best;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool config_row_is_default(const struct config *c, const struct config_row *row)
{
	const void *v = config_value(c, row);

	switch (row->type) {
	case OPT_INT:
		return *(const int *)v == strtol(row->def, NULL, 0);
	case OPT_BOOL:
		return *(const bool *)v == (strtol(row->def, NULL, 0) != 0);
	case OPT_MASK:
		return *(const uint32_t *)v == strtoul(row->def, NULL, 0);
	case OPT_ENUM:
		return *(const int *)v == 0; /* the first word is the default */
	case OPT_STRING:
		return same_text(*(char *const *)v, row->def);
	case OPT_LIST:
	case OPT_PLUGINS:
	case OPT_WORDS:
		return ((const struct config_list *)v)->count == 0;
	case OPT_NUMBERS:
		return ((const struct config_numbers *)v)->count == 0;
	case OPT_ACL:
		return acl_is_empty(v);
	case OPT_ALIAS:
	case OPT_RETIRED:
		break;
	}
	return true;
}
