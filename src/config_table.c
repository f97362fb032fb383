/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "config_table.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "plugin/builtin.h"

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
/* plugin_stun does its work in other parts of siproxd; all other plugins bring their own rows. */
#define STUN(key, type, def, min, max, unit, meaning)                                              \
	{ "plugin_stun_" #key, type, def, min, max, unit, 0, "plugin_stun", meaning,       \
		offsetof(struct config, plugin_stun_##key), NULL }
#define ALIAS(name, other) { name, OPT_ALIAS, NULL, 0, 0, NULL, 0, NULL, NULL, 0, other }
#define RETIRED(name, what) { name, OPT_RETIRED, NULL, 0, 0, NULL, 0, NULL, NULL, 0, what }

#define DAY 86400
#define NAME_MAX_LEN 64 /* longer ones are like no option */

static const struct config_row own_rows[] = {
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
	ROW(local_domain, OPT_WORDS, NULL, 0, 0, NULL, 0, "names of which we are the registrar"),
	LIST(mask_host, 0, "name of ours that the Internet does not see"),
	LIST(masked_host, 0, "name that it sees instead"),
	ROW(accept_calls_from, OPT_ENUM, "any", 0, 0, "any|registrar", 0,
	    "who outside may call phones"),
	STR(proxy_auth_realm, 0, "ask phones for a password in this realm"),
	STR(proxy_auth_passwd, OPT_SECRET, "one password for all phones"),
	STR(proxy_auth_pwfile, 0, "file with the phones' passwords"),
	ROW(proxy_auth_algorithm, OPT_ENUM, "md5", 0, 0, "md5|sha-256|both", 0,
	    "how a phone may prove that it knows its password"),
	BOOL(proxy_auth_invite, "0", 0, "ask for the password with each call, too"),
	NUM(default_expires, "3600", 30, 30 * DAY, "seconds", 0,
	    "how long a registration lasts when nobody says"),
	NUM(max_expires, "0", 0, 30 * DAY, "seconds", 0,
	    "phones are told to register again after this long at most; 0: as the provider says"),
	STR(ua_string, 0, "User-Agent shown to the Internet instead of the phone's"),
	BOOL(obscure_loops, "0", OPT_RESTART, "hide what phones write into Call-IDs from the Internet"),
	NUM(use_rport, "0", 0, 3, NULL, 0, "ask for answers to the sending port"),
	STR(outbound_proxy_host, 0, "proxy that gets all requests to the Internet"),
	NUM(outbound_proxy_port, "0", 0, 65535, NULL, 0, "its port; 0: the usual one"),
	LIST(outbound_domain_name, 0, "domain of the sender that has its own outbound proxy"),
	LIST(outbound_domain_host, 0, "proxy of that domain"),
	ROW(outbound_domain_port, OPT_NUMBERS, NULL, 0, 65535, NULL, 0,
	    "its port; 0: the usual one"),

	/* TCP */
	NUM(tcp_timeout, "600", 1, DAY, "seconds", OPT_ZERO_DEFAULT,
	    "idle TCP connections are closed"),
	NUM(tcp_connect_timeout, "500", 1, 600000, "milliseconds", OPT_ZERO_DEFAULT,
	    "patience with a TCP connect"),
	NUM(tcp_keepalive, "0", 0, DAY, "seconds", 0, "time between TCP keepalives"),

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
	BOOL(rtp_dscp_copy, "0", 0, "marked RTP packets keep their mark"),
	NUM(rtp_input_dejitter, "0", 0, 1500000, "microseconds", OPT_LENIENT,
	    "delay that evens out voice from outside"),
	NUM(rtp_output_dejitter, "0", 0, 1500000, "microseconds", OPT_LENIENT,
	    "delay that evens out voice from inside"),

	/* limits */
	NUM(max_calls, "5000", 1, 1000000, "calls", 0, "calls at a time"),
	NUM(max_registrations, "10000", 1, 1000000, "registrations", 0, "registered phones"),
	NUM(max_transactions, "20000", 1, 1000000, "transactions", 0, "requests that wait for an answer"),

	/* the process and its files */
	BOOL(daemonize, "0", OPT_RESTART, "go into the background"),
	NUM(silence_log, "1", 0, 4, NULL, 0, "how much syslog does not get"),
	ROW(debug_level, OPT_MASK, "0", -1, UINT32_MAX, NULL, 0, "areas of debug messages"),
	NUM(debug_port, "0", 0, 65535, NULL, OPT_RESTART,
	    "TCP port on which the log can be read from inside; 0: none"),
	STR(user, OPT_RESTART, "run as this user"),
	STR(chrootjail, OPT_RESTART, "shut ourselves in below this directory"),
	STR(pid_file, OPT_RESTART, "file that holds our process number"),
	STR(registration_file, OPT_RESTART, "file that keeps registrations over a restart"),
	NUM(autosave_registrations, "300", 0, DAY, "seconds", OPT_NO_EFFECT,
	    "time between two savings of registrations"),
	STR(trace_file, OPT_RESTART, "write SIP packets into this file, for Wireshark"),

	/* understood and kept */
	NUM(thread_stack_size, "0", 0, INT_MAX, "kilobytes", OPT_NO_EFFECT, "stack of a thread"),
	STR(plugindir, OPT_NO_EFFECT, "where plugins lie"),
	ROW(load_plugin, OPT_PLUGINS, NULL, 0, 0, NULL, 0, "plugin to load"),

	STUN(server, OPT_STRING, NULL, 0, 0, NULL, "server that tells our public address"),
	STUN(port, OPT_INT, "3478", 1, 65535, NULL, "its port"),
	STUN(period, OPT_INT, "300", 0, DAY, "seconds", "how often it is asked"),

	/* names that OPNsense writes; siproxd 0.8 never understood them as they were meant */
	ALIAS("plugin_fbox_anoncall_networks", "plugin_fix_fbox_anoncall_networks"),
	ALIAS("plugin_stun_server_host", "plugin_stun_server"),
	ALIAS("plugin_stun_server_port", "plugin_stun_port"),
	ALIAS("plugin_stun_server_period", "plugin_stun_period"),

	/* names of older generations */
	RETIRED("log_calls", "calls are always logged; plugin_logcall says more"),
	RETIRED("plugin_log_calls", "calls are always logged; plugin_logcall says more"),
	RETIRED("pi_shortdial", "use load_plugin = plugin_shortdial.so"),
	RETIRED("pi_shortdial_akey", "use plugin_shortdial_akey"),
	RETIRED("pi_shortdial_entry", "use plugin_shortdial_entry"),
};
/* clang-format on */

#define OWN_ROWS (sizeof(own_rows) / sizeof(own_rows[0]))
#define ROWS_MAX (OWN_ROWS + CONFIG_PLUGIN_OPTIONS)

/* Our rows and, behind them, those of the plugins. */
struct table {
	struct config_row row[ROWS_MAX];
	char name[CONFIG_PLUGIN_OPTIONS][NAME_MAX_LEN + 1];
	char plugin[CONFIG_PLUGIN_OPTIONS][NAME_MAX_LEN + 1];
	size_t count;
};

static void add_plugin_row(struct table *t, const struct plugin *plugin,
    const struct plugin_option *option)
{
	static const enum option_type types[] = {
	    [PLUGIN_NUMBER] = OPT_INT,
	    [PLUGIN_YESNO] = OPT_BOOL,
	    [PLUGIN_TEXT] = OPT_STRING,
	    [PLUGIN_LIST] = OPT_LIST,
	    [PLUGIN_NETWORKS] = OPT_ACL,
	};
	size_t n = t->count - OWN_ROWS;

	assert(n < CONFIG_PLUGIN_OPTIONS);
	snprintf(t->plugin[n], sizeof(t->plugin[n]), "plugin_%s", plugin->name);
	snprintf(t->name[n], sizeof(t->name[n]), "plugin_%s_%s", plugin->name, option->key);
	t->row[t->count++] = (struct config_row){
	    .name = t->name[n],
	    .type = types[option->type],
	    .def = option->def,
	    .min = option->min,
	    .max = option->max,
	    .unit = option->unit,
	    .plugin = t->plugin[n],
	    .meaning = option->meaning,
	    .offset =
		offsetof(struct config, plugin_option) + n * sizeof(union config_plugin_option),
	};
}

/* Put together once, and constant from then on. */
static const struct table *the_table(void)
{
	static struct table t;

	if (t.count)
		return &t;
	memcpy(t.row, own_rows, sizeof(own_rows));
	t.count = OWN_ROWS;
	for (size_t i = 0; builtin_plugin(i); i++) {
		const struct plugin_option *option = builtin_plugin(i)->options;

		for (; option && option->key; option++)
			add_plugin_row(&t, builtin_plugin(i), option);
	}
	return &t;
}

size_t config_row_count(void)
{
	return the_table()->count;
}

const struct config_row *config_row_at(size_t i)
{
	return &the_table()->row[i];
}

const struct config_row *config_row_find(const char *name)
{
	for (size_t i = 0; i < config_row_count(); i++)
		if (strcmp(config_row_at(i)->name, name) == 0)
			return config_row_at(i);
	return NULL;
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

static char fold(char c)
{
	return c == '-' ? '_' : str_lower(c);
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
	for (size_t i = 0; i < config_row_count(); i++) {
		const struct config_row *row = config_row_at(i);
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

const char *config_plugin_nearest(const char *name)
{
	size_t len = strlen(name);
	const char *best = NULL;
	unsigned best_distance;

	if (len == 0 || len > NAME_MAX_LEN)
		return NULL;
	best_distance = 1 + (unsigned)len / 3;
	for (size_t i = 0; builtin_plugin(i); i++) {
		const char *other = builtin_plugin(i)->name;
		unsigned d = distance(name, len, other, strlen(other));

		if (d >= best_distance)
			continue;
		best = other;
		best_distance = d;
	}
	return best;
}

const char *config_plugin_name(const char *item, char out[static CONFIG_PLUGIN_NAME_MAX])
{
	const char *slash = strrchr(item, '/');

	if (slash)
		item = slash + 1;
	if (strncasecmp(item, "plugin_", 7) == 0)
		item += 7;
	snprintf(out, CONFIG_PLUGIN_NAME_MAX, "%.*s", (int)strcspn(item, "."), item);
	return out;
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
