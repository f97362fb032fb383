/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "base/md.h"
#include "config_reading.h"
#include "proxy/plugin_host.h"

#define say reading_say

/* Messages about an option name the line that set it. */
static void point_at(struct reading *r, const char *name)
{
	r->line = *reading_set_at(r, config_row_find(name));
}

#define PORTS_USUAL 20 /* of the default range */

static bool is_set(struct reading *r, const char *name)
{
	return *reading_set_at(r, config_row_find(name)) > 0;
}

/* Who names one end of the range only does not mean the default's other end. */
static void find_other_end(struct reading *r)
{
	struct config *c = r->c;
	bool low = is_set(r, "rtp_port_low"), high = is_set(r, "rtp_port_high");

	if (low == high || (c->rtp_port_low < c->rtp_port_high && high))
		return;
	if (low && c->rtp_port_low <= 65535 - PORTS_USUAL) {
		point_at(r, "rtp_port_low");
		c->rtp_port_high = c->rtp_port_low + PORTS_USUAL - 1;
		say(r, CONFIG_WARN, "rtp_port_high is not set; %d is used", c->rtp_port_high);
	} else if (high && c->rtp_port_high >= PORTS_USUAL) {
		point_at(r, "rtp_port_high");
		c->rtp_port_low = c->rtp_port_high - PORTS_USUAL + 1;
		say(r, CONFIG_WARN, "rtp_port_low is not set; %d is used", c->rtp_port_low);
	}
}

static void check_ports(struct reading *r)
{
	struct config *c = r->c;
	int first = c->rtp_port_low + c->rtp_port_low % 2;

	point_at(r, "rtp_port_high");
	if (c->rtp_port_high == first && first < 65535) {
		c->rtp_port_high++; /* a firewall with no phone yet writes 7070 and 7070 */
		say(r, CONFIG_WARN,
		    "rtp_port_high = %d leaves no room for one pair of ports; "
		    "%d is used",
		    first, c->rtp_port_high);
	}
	if (c->rtp_port_high <= first) {
		say(r, CONFIG_ERR,
		    "rtp_port_low = %d and rtp_port_high = %d leave no pair of ports",
		    c->rtp_port_low, c->rtp_port_high);
		return;
	}
	point_at(r, "rtp_port_low");
	if (c->rtp_port_low != first)
		say(r, CONFIG_WARN, "rtp_port_low = %d is odd, the first port is %d",
		    c->rtp_port_low, first);
	point_at(r, "sip_listen_port");
	if (c->sip_listen_port >= c->rtp_port_low && c->sip_listen_port <= c->rtp_port_high)
		say(r, CONFIG_WARN, "sip_listen_port = %d is one of the RTP ports %d to %d",
		    c->sip_listen_port, c->rtp_port_low, c->rtp_port_high);
}

/* As before: lists that do not match are ignored, and the rest of the file counts. */
static void check_domains(struct reading *r)
{
	struct config *c = r->c;
	size_t names = c->outbound_domain_name.count, hosts = c->outbound_domain_host.count;
	size_t ports = c->outbound_domain_port.count;

	if (names == hosts && names == ports)
		return;
	point_at(r,
	    names       ? "outbound_domain_name"
		: hosts ? "outbound_domain_host"
			: "outbound_domain_port");
	say(r, CONFIG_WARN,
	    "%zu outbound_domain_name, %zu outbound_domain_host and %zu "
	    "outbound_domain_port do not match; all of them are ignored",
	    names, hosts, ports);
	config_list_free(&c->outbound_domain_name);
	config_list_free(&c->outbound_domain_host);
	config_numbers_free(&c->outbound_domain_port);
}

static void check_masks(struct reading *r)
{
	struct config *c = r->c;

	if (c->mask_host.count == c->masked_host.count)
		return;
	point_at(r, c->mask_host.count ? "mask_host" : "masked_host");
	say(r, CONFIG_WARN,
	    "%zu mask_host and %zu masked_host do not match; all of them are ignored",
	    c->mask_host.count, c->masked_host.count);
	config_list_free(&c->mask_host);
	config_list_free(&c->masked_host);
}

/* Without a way to prove it nobody could register: rather no start than a surprise, and rather a
 * surprise than an open door. */
static void check_passwords(struct reading *r)
{
	const struct config *c = r->c;

	point_at(r, c->proxy_auth_pwfile ? "proxy_auth_pwfile" : "proxy_auth_passwd");
	if (!c->proxy_auth_realm && (c->proxy_auth_passwd || c->proxy_auth_pwfile))
		say(r, CONFIG_WARN,
		    "without proxy_auth_realm nobody is asked for a password: %s has no effect",
		    c->proxy_auth_pwfile ? "proxy_auth_pwfile" : "proxy_auth_passwd");
	point_at(r, "proxy_auth_passwd");
	if (c->proxy_auth_realm && c->proxy_auth_passwd && c->proxy_auth_pwfile)
		say(r, CONFIG_WARN,
		    "each user has a password of his own in proxy_auth_pwfile: proxy_auth_passwd "
		    "has no effect");
	point_at(r, "proxy_auth_realm");
	if (c->proxy_auth_realm && !md_is_available())
		say(r, CONFIG_ERR,
		    "proxy_auth_realm: this siproxd is built without passwords (configure "
		    "--without-nettle)");
	else if (c->proxy_auth_realm && !c->proxy_auth_passwd && !c->proxy_auth_pwfile)
		say(r, CONFIG_ERR,
		    "proxy_auth_realm asks for a password, but there is neither proxy_auth_passwd "
		    "nor proxy_auth_pwfile");
}

static void say_without_effect(struct reading *r)
{
	for (size_t i = 0; i < config_row_count(); i++) {
		const struct config_row *row = config_row_at(i);

		if (!config_row_is_option(row) || config_row_is_default(r->c, row))
			continue;
		r->line = r->set_at[i];
		if (row->flags & OPT_NO_EFFECT)
			say(r, CONFIG_INFO, "%s is not needed and has no effect", row->name);
	}
}

static void plugin_complains(void *arg, const char *option, size_t n, const char *text)
{
	struct reading *r = arg;
	const struct config_row *row = config_row_find(option);

	r->line = row ? reading_line_of(r, row, n) : 0;
	if (!r->line) /* what is missing, for a plugin that is loaded */
		point_at(r, "load_plugin");
	say(r, CONFIG_WARN, "%s: %s", option, text);
}

static void check_plugins(struct reading *r)
{
	r->c->plugin_faults = (unsigned)plugins_check(r->c, plugin_complains, r);
}

void config_check(struct reading *r)
{
	find_other_end(r);
	check_ports(r);
	check_domains(r);
	check_masks(r);
	check_passwords(r);
	check_plugins(r);
	config_hints(r);
	say_without_effect(r);
}
