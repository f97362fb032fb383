/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options that are right each by itself, and contradict one another. What cannot be meant is a
 * warning; what may be meant is said to the one who asks with --check, and to nobody else.
 */
#include "build-config.h"

#include <ctype.h>
#include <string.h>

#include "config_reading.h"

#define say      reading_say
#define FIRST_OK 1024 /* the first port that needs no root */

static bool same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

static bool asks_stun(const struct config *c)
{
	return config_loads_plugin(c, "stun") && c->plugin_stun_server;
}

/* ---- what cannot be meant ------------------------------------------------------------------ */

static bool pid_in_registrations(const struct config *c)
{
	return same(c->pid_file, c->registration_file);
}

static bool trace_in_other(const struct config *c)
{
	return same(c->trace_file, c->registration_file) || same(c->trace_file, c->pid_file);
}

static bool media_needs_root(const struct config *c)
{
	return c->rtp_proxy_enable && c->rtp_port_low < FIRST_OK;
}

static bool debug_on_sip_port(const struct config *c)
{
	return c->debug_port == c->sip_listen_port;
}

/* ---- what may be meant --------------------------------------------------------------------- */

static bool proxy_port_alone(const struct config *c)
{
	return c->outbound_proxy_port && !c->outbound_proxy_host;
}

static bool name_and_stun(const struct config *c)
{
	return c->host_outbound && asks_stun(c);
}

static bool unknown_to_internet(const struct config *c)
{
	return c->if_inbound.count == 1 && same(c->if_inbound.item[0], c->if_outbound) &&
	    !c->host_outbound && !asks_stun(c);
}

static bool outside_is_inside(const struct config *c)
{
	for (size_t i = 0; c->if_inbound.count > 1 && i < c->if_inbound.count; i++)
		if (same(c->if_inbound.item[i], c->if_outbound))
			return true;
	return false;
}

static bool no_voice(const struct config *c)
{
	return !c->rtp_proxy_enable &&
	    !(c->if_inbound.count == 1 && same(c->if_inbound.item[0], c->if_outbound));
}

static bool hold_is_shorter(const struct config *c)
{
	return c->rtp_hold_timeout < c->rtp_timeout;
}

static bool debug_to_nobody(const struct config *c)
{
	return c->debug_level && c->silence_log && c->daemonize && !c->debug_port;
}

static const struct hint {
	enum config_level level; /* CONFIG_INFO: with --check only */
	const char *option;      /* whose line is named */
	bool (*holds)(const struct config *c);
	const char *text;
} hints[] = {
    {CONFIG_WARN, "pid_file", pid_in_registrations,
	"pid_file and registration_file are one file; each would overwrite the other"},
    {CONFIG_WARN, "trace_file", trace_in_other,
	"trace_file is the name of another file of siproxd; each would spoil the other"},
    {CONFIG_WARN, "rtp_port_low", media_needs_root,
	"rtp_port_low: ports below 1024 cannot be opened any more when root is given up"},
    {CONFIG_WARN, "debug_port", debug_on_sip_port,
	"debug_port and sip_listen_port are one TCP port: it is SIP's"},
    {CONFIG_INFO, "outbound_proxy_port", proxy_port_alone,
	"outbound_proxy_port has no effect without outbound_proxy_host"},
    {CONFIG_INFO, "host_outbound", name_and_stun,
	"host_outbound counts as long as the server of plugin_stun has not answered: one is "
	"enough"},
    {CONFIG_INFO, "if_outbound", unknown_to_internet,
	"if_inbound and if_outbound are one interface: unless the provider is in the same network, "
	"say the router's public address with host_outbound, or load plugin_stun"},
    {CONFIG_INFO, "if_outbound", outside_is_inside,
	"if_outbound is also one of the interfaces of if_inbound: who is neither in its network "
	"nor in local_nets counts as outside"},
    {CONFIG_INFO, "rtp_proxy_enable", no_voice,
	"rtp_proxy_enable = 0: calls have no voice, unless something else carries it through the "
	"firewall"},
    {CONFIG_INFO, "rtp_hold_timeout", hold_is_shorter,
	"rtp_hold_timeout is shorter than rtp_timeout: a call on hold ends first"},
    {CONFIG_INFO, "debug_level", debug_to_nobody,
	"debug_level: in the background debug messages are only seen with silence_log = 0"},
};

static void say_hints(struct reading *r)
{
	for (size_t i = 0; i < sizeof(hints) / sizeof(*hints); i++) {
		const struct hint *h = &hints[i];

		if ((h->level == CONFIG_INFO && !r->msgs->explain) || !h->holds(r->c))
			continue;
		r->line = *reading_set_at(r, config_row_find(h->option));
		say(r, h->level, "%s", h->text);
	}
}

/* ---- names and numbers ---------------------------------------------------------------------- */

/* Characters of a name in DNS; letters of other scripts are the resolver's business. */
static bool is_host(const char *text)
{
	struct addr literal;

	if (addr_parse(&literal, text, 0) == 0)
		return true;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr("-._", *text) &&
		    (unsigned char)*text < 0x80)
			return false;
	return true;
}

static void check_host(struct reading *r, const struct config_row *row, size_t n, const char *text)
{
	if (!text || is_host(text))
		return;
	r->line = reading_line_of(r, row, n);
	say(r, CONFIG_WARN,
	    "%s: \"%.60s\" is no host: only a name or an address stands here, without sip: and "
	    "without a port",
	    row->name, text);
}

/* A URI where a host belongs would be looked up as a name, and never found. */
static void say_no_host(struct reading *r)
{
	static const char *const option[] = {"host_outbound", "local_domain", "mask_host",
	    "masked_host", "outbound_proxy_host", "outbound_domain_name", "outbound_domain_host",
	    "plugin_stun_server"};

	for (size_t i = 0; i < sizeof(option) / sizeof(*option); i++) {
		const struct config_row *row = config_row_find(option[i]);
		const void *value = config_value(r->c, row);
		const struct config_list *list = value;

		if (row->type == OPT_STRING)
			check_host(r, row, 0, *(char *const *)value);
		else
			for (size_t k = 0; k < list->count; k++)
				check_host(r, row, k, list->item[k]);
	}
}

/* "112 110" is one number, that nobody dials: not a mistake to be found when help is needed. */
static void say_no_number(struct reading *r)
{
	const struct config_list *list = &r->c->emergency_number;

	r->line = *reading_set_at(r, config_row_find("emergency_number"));
	for (size_t i = 0; i < list->count; i++)
		if (strpbrk(list->item[i], " \t"))
			say(r, CONFIG_WARN,
			    "emergency_number: \"%.60s\" has a blank in it and is never dialled "
			    "so: separate numbers by commas",
			    list->item[i]);
}

/* ---- the plugins --------------------------------------------------------------------------- */

static void say_loaded_twice(struct reading *r)
{
	const struct config_row *row = config_row_find("load_plugin");
	const struct config_list *list = &r->c->load_plugin;
	char one[CONFIG_PLUGIN_NAME_MAX], other[CONFIG_PLUGIN_NAME_MAX];

	for (size_t i = 1; i < list->count; i++)
		for (size_t k = 0; k < i; k++) {
			if (strcmp(config_plugin_name(list->item[i], one),
				config_plugin_name(list->item[k], other)) != 0)
				continue;
			r->line = reading_line_of(r, row, i);
			say(r, CONFIG_WARN, "plugin_%s is loaded twice; the first place counts",
			    one);
			break;
		}
}

/* Sample files set the options of all plugins. */
static void say_not_loaded(struct reading *r)
{
	const char *told = "";

	for (size_t i = 0; i < config_row_count(); i++) {
		const struct config_row *row = config_row_at(i);

		if (!config_row_is_option(row) || !row->plugin || !r->set_at[i] ||
		    strcmp(row->plugin, told) == 0)
			continue;
		if (config_loads_plugin(r->c, row->plugin + strlen("plugin_")))
			continue;
		told = row->plugin;
		r->line = r->set_at[i];
		say(r, CONFIG_INFO, "no load_plugin line names %s: its options have no effect",
		    row->plugin);
	}
}

/* ---- the lists of networks ----------------------------------------------------------------- */

/* All of `net` is in the list. */
static bool is_within(const struct acl_entry *net, const struct acl *list)
{
	for (size_t i = 0; i < list->count; i++) {
		struct acl one = {&list->entry[i], 1};

		if (one.entry->prefix_len <= net->prefix_len && acl_match(&one, &net->net))
			return true;
	}
	return false;
}

static void say_denied(struct reading *r, const char *option, const struct acl *list)
{
	char ip[ADDR_TEXT_MAX];

	for (size_t i = 0; i < list->count; i++) {
		if (!is_within(&list->entry[i], &r->c->hosts_deny_sip))
			continue;
		r->line = *reading_set_at(r, config_row_find(option));
		say(r, CONFIG_WARN, "%s: %s/%u is denied by hosts_deny_sip, which wins", option,
		    addr_format_ip(&list->entry[i].net, ip), list->entry[i].prefix_len);
	}
}

void config_hints(struct reading *r)
{
	say_hints(r);
	say_no_host(r);
	say_no_number(r);
	say_loaded_twice(r);
	if (r->msgs->explain)
		say_not_loaded(r);
	say_denied(r, "hosts_allow_reg", &r->c->hosts_allow_reg);
	say_denied(r, "hosts_allow_sip", &r->c->hosts_allow_sip);
}
