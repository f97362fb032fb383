/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What comes out of a configuration, and what is said about it. */
#include "base/md.h"
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config_table.h"
#include "tap.h"

/* One reading; the name in messages is "t". */
struct
try {
	struct config *c;
	struct config_messages msgs;
	int err;
};

static struct try try_n(const char *text, size_t len)
{
	struct try t = {NULL, CONFIG_MESSAGES_INIT, 0};

	t.msgs.explain = true;
	t.err = config_parse(&t.c, "t", text, len, &t.msgs);
	return t;
}

static struct try try(const char *text)
{
	return try_n(text, strlen(text));
}

static void done(struct try *t)
{
	config_free(t->c);
	config_messages_done(&t->msgs);
}

/* A message of that level, about that line, with that text in it. */
static bool said(const struct try *t, enum config_level level, unsigned line, const char *text)
{
	for (size_t i = 0; i < t->msgs.count; i++) {
		const struct config_message *m = &t->msgs.item[i];

		if (m->level == level && m->line == line && strstr(m->text, text))
			return true;
	}
	return false;
}

static size_t said_count(const struct try *t, enum config_level level)
{
	size_t count = 0;

	for (size_t i = 0; i < t->msgs.count; i++)
		count += t->msgs.item[i].level == level;
	return count;
}

/* Loads, and says exactly one WARN: about line 1, with that text. */
static void warns(const char *text, const char *message, const char *what)
{
	struct try t = try(text);

	ok(t.err == 0 && t.c && said_count(&t, CONFIG_WARN) == 1 &&
		said(&t, CONFIG_WARN, 1, message),
	    what);
	done(&t);
}

/* No config, and exactly one ERR about line 1. */
static void refuses(const char *text, const char *message, const char *what)
{
	struct try t = try(text);

	ok(t.err == EINVAL && !t.c && t.msgs.errors == 1 && said(&t, CONFIG_ERR, 1, message), what);
	done(&t);
}

#define loads(text, claim, what)                          \
	do {                                              \
		struct try tried = try(text);             \
		const struct config *c = tried.c;         \
		ok(tried.err == 0 && c && (claim), what); \
		done(&tried);                             \
	} while (0)

/* The value of a plugin's option. */
static const void *option(const struct config *c, const char *name)
{
	return config_value(c, config_row_find(name));
}

static const struct config_list *list(const struct config *c, const char *name)
{
	return option(c, name);
}

static void test_defaults(void)
{
	struct try t = try("");

	is_int(t.err, 0, "an empty file is a configuration");
	is_int((long long)t.msgs.count, 0, "... nothing is said about it");
	is_int((long long)t.c->if_inbound.count, 0, "... without an inbound interface");
	ok(!t.c->if_inbound.item && !t.c->if_outbound, "... and without an outbound one");
	is_int(t.c->sip_listen_port, 5060, "SIP port");
	is_int(t.c->rtp_port_low, 7070, "first RTP port");
	is_int(t.c->rtp_port_high, 7089, "last RTP port");
	is_int(t.c->rtp_timeout, 300, "a missing rtp_timeout does not kill calls");
	is_int(t.c->rtp_hold_timeout, 7200, "hold lasts longer");
	is_int(t.c->default_expires, 3600, "default_expires");
	is_int(t.c->rtp_latch, RTP_LATCH_STRICT, "latching is strict");
	is_int(t.c->rtp_proxy_enable, 1, "media is relayed");
	is_int(t.c->silence_log, 1, "silence_log");
	is_int(t.c->max_calls, 5000, "max_calls");
	is_str(*(char *const *)option(t.c, "plugin_blacklist_db_sync_mode"), "OFF",
	    "a string's default");
	for (size_t i = 0; i < config_row_count(); i++)
		if (config_row_is_option(config_row_at(i)) &&
		    !config_row_is_default(t.c, config_row_at(i)))
			ok(false, config_row_at(i)->name);
	done(&t);
}

static void test_numbers(void)
{
	loads("debug_level = 0x1F", c->debug_level == 0x1f, "hexadecimal");
	loads("debug_level = -1", c->debug_level == 0xffffffff, "all bits by -1");
	loads("debug_level = 0xffffffff", c->debug_level == 0xffffffff, "all bits");
	loads("sip_listen_port = 5070   ", c->sip_listen_port == 5070, "blanks behind a number");
	loads("sip_listen_port = \"5070\"", c->sip_listen_port == 5070, "a quoted number");
	loads("daemonize = 2", c->daemonize, "any number but 0 is yes");
	warns("daemonize = 2", "read as 1, which means yes", "... which is told");
	loads("daemonize = YES", c->daemonize, "yes");
	loads("rtp_proxy_enable = off", !c->rtp_proxy_enable, "off");
	loads("rtp_latch = any", c->rtp_latch == RTP_LATCH_ANY, "a word");
	loads("sip_listen_port = 010000", c->sip_listen_port == 4096, "octal, as before");
	warns("sip_listen_port = 010000", "a leading 0 makes it octal, this is 4096",
	    "... which is told");
	warns("rtp_timeout = 10s", "read as 10 seconds", "10s is 10");
	loads("rtp_timeout = 10s", c->rtp_timeout == 10, "... really");
	loads("sip_listen_port = 5070;", c->sip_listen_port == 5070, "a stray ; behind a port");
	refuses("sip_listen_port = 5O60", "not a number", "an O in a port is no 0");
	refuses("sip_listen_port = 506O", "not a number", "... nor at its end");
	refuses("outbound_domain_port = 5o60", "not a number", "... nor in a list of ports");
	refuses("rtp_timeout = 3O0", "not a number", "... nor in another number");
	refuses("rtp_timeout = 1h30", "not a number", "one hour and a half is no number");
	loads("rtp_timeout = 0", c->rtp_timeout == 300, "rtp_timeout = 0 is the default");
	warns("rtp_timeout = 0", "300 seconds are used", "... which is told");
	loads("rtp_hold_timeout = 0", c->rtp_hold_timeout == 7200, "the same for hold");
	loads("autosave_registrations = 0", c->autosave_registrations == 0, "another 0 is a 0");
	refuses("sip_listen_port = sip", "not a number", "a word is no number");
	refuses("sip_listen_port = 08", "not a number", "08 is no octal number");
	refuses("sip_listen_port = 0x", "not a number", "0x is no number");
	refuses("sip_listen_port = \"\"", "not a number", "nothing is no number");
	refuses("sip_listen_port = 65536", "between 1 and 65535", "too large");
	refuses("sip_listen_port = -1", "between 1 and 65535", "too small");
	refuses("sip_listen_port = 99999999999999999999", "between", "larger than any number");
	refuses("rtp_dscp = 64", "between 0 and 63", "a DSCP has six bits");
	refuses("debug_level = 0x100000000", "between", "33 bits");
	refuses("daemonize = perhaps", "must be yes or no", "neither yes nor no");
	refuses("local_nets = {10.0.0.0/8", "the { } around the values is not complete",
	    "half a list");
	refuses("rtp_latch = loose", "must be one of strict|any", "a wrong word");
	refuses("sip_listen_port = {1, 2}", "takes one value, not a list", "two values for one");
	refuses("user = {}", "one value", "no value for one");
}

static void test_strings(void)
{
	loads("user = nobody # user", strcmp(c->user, "nobody") == 0, "a string");
	loads("registration_file=/home/user/x", strcmp(c->registration_file, "/home/user/x") == 0,
	    "an option's name inside a value means nothing");
	loads("user = nobody\nuser = \"\"", !c->user, "an empty quoted string is no string");
	loads("user = 'a\\\\b' ", strcmp(c->user, "a\\b") == 0, "a backslash");
	loads("ua_string = it's ${HOME} \\ x'", strcmp(c->ua_string, "it's ${HOME} \\ x'") == 0,
	    "what libconfuse would read otherwise");
	warns("user =", "has no value; the line is ignored", "an empty value is told");
	warns("user = # nobody", "no value", "... also before a comment");
	warns("hosts_deny_sip = , ,", "no value", "... and of commas alone");
	warns("outbound_proxy_host = undef", "undef is taken as not set", "undef is not set");
	loads("outbound_proxy_host = undef", !c->outbound_proxy_host, "... really");
	loads("outbound_proxy_host = \"undef\"", strcmp(c->outbound_proxy_host, "undef") == 0,
	    "a host of that name needs quotes");
	warns("user = \"a\" b", "quotes", "quotes that embrace nothing are told");
	warns("user = \"siproxd", "not closed", "a quote that is not closed is told");
	warns("if_inbound = \"eth1", "not closed", "... also in a list of words");
	refuses("user = a\001b", "control character in the value",
	    "control characters are refused");
	refuses("ua_string = a\rVia: x", "control character", "no header can be smuggled in");
	refuses("user = {a", "complete", "an open list");
}

static void test_lists(void)
{
	loads("if_inbound = eth0", c->if_inbound.count == 1, "one interface");
	loads("if_inbound = eth0, 10.0.0.1 ,2001:db8::1",
	    c->if_inbound.count == 3 && strcmp(c->if_inbound.item[1], "10.0.0.1") == 0, "three");
	loads("if_inbound = {a, b}\nif_inbound += c", c->if_inbound.count == 3, "+= appends");
	loads("if_inbound = a\nif_inbound = b",
	    c->if_inbound.count == 1 && strcmp(c->if_inbound.item[0], "b") == 0,
	    "the last of two counts");
	loads("plugin_regex_pattern = a,b\nplugin_regex_pattern = c",
	    list(c, "plugin_regex_pattern")->count == 2 &&
		strcmp(list(c, "plugin_regex_pattern")->item[0], "a,b") == 0,
	    "classic lists append and do not split");
	loads("plugin_regex_replace = \"\"",
	    list(c, "plugin_regex_replace")->count == 1 &&
		!*list(c, "plugin_regex_replace")->item[0],
	    "an empty entry of a list");
	loads("outbound_domain_name=a\noutbound_domain_host=b\noutbound_domain_port=1\n"
	      "outbound_domain_name=c\noutbound_domain_host=d\noutbound_domain_port=2",
	    c->outbound_domain_port.count == 2 && c->outbound_domain_port.item[1] == 2, "triples");
	loads("outbound_domain_name=a\noutbound_domain_host=b",
	    c->outbound_domain_name.count == 0 && c->outbound_domain_host.count == 0,
	    "triples that do not match are ignored");
	warns("outbound_domain_name=a\noutbound_domain_host=b",
	    "1 outbound_domain_name, 1 outbound_domain_host and 0 outbound_domain_port do not "
	    "match",
	    "... and told");
	warns("mask_host = a", "1 mask_host and 0 masked_host do not match", "the same for masks");
	refuses("outbound_domain_port = 70000", "between", "a port in a list is checked");
}

static void test_long_list(void)
{
	char *text = malloc((size_t)(CONFIG_LIST_MAX + 1) * 16), *end = text;
	struct try t;

	for (int i = 0; i < CONFIG_LIST_MAX; i++)
		end += sprintf(end, "mask_host=a\n");
	strcpy(end, "mask_host=b\n");
	t = try_n(text, (size_t)(end - text));
	is_int(t.err, 0, "the longest list");
	done(&t);
	t = try(text);
	ok(t.err == EINVAL && said(&t, CONFIG_ERR, CONFIG_LIST_MAX + 1, "more than"),
	    "one too many");
	done(&t);
	free(text);
}

static void test_acl(void)
{
	struct try t = try("hosts_allow_reg = 10.0.0.0/8, 192.0.2.7,2001:db8::/32\n");
	struct addr a;

	is_int((long long)t.c->hosts_allow_reg.count, 3, "networks");
	addr_parse(&a, "10.1.2.3", 0);
	ok(acl_match(&t.c->hosts_allow_reg, &a), "... that match");
	addr_parse(&a, "192.0.2.8", 0);
	ok(!acl_match(&t.c->hosts_allow_reg, &a), "... and do not");
	done(&t);
	loads("hosts_deny_sip = \"10.0.0.0/8\",'11.0.0.0/8'", c->hosts_deny_sip.count == 2,
	    "quotes around each network");
	loads("hosts_deny_sip = \"10.0.0.0/8, 11.0.0.0/8\"", c->hosts_deny_sip.count == 2,
	    "quotes around all");
	loads("hosts_deny_sip = 10.0.0.0/8\nhosts_deny_sip += 11.0.0.0/8",
	    c->hosts_deny_sip.count == 2, "+= appends");
	loads("hosts_deny_sip = 10.0.0.0/8\nhosts_deny_sip = 11.0.0.0/8",
	    c->hosts_deny_sip.count == 1, "the last of two counts");
	refuses("hosts_deny_sip = 10.0.0.0/8, nobody, 11.0.0.0/8", "\"nobody\"",
	    "one bad network refuses all, and is named");
	refuses("hosts_allow_reg = 10.0.0.0/8 192.0.2.7", "; several are separated by commas",
	    "two without a comma");
	refuses("hosts_allow_reg = undef", "undef", "an unset variable does not allow everybody");
	refuses("hosts_deny_sip = 10.0.0.0/33", "10.0.0.0/33", "a wrong mask");
}

static void test_repeated(void)
{
	struct try t =
	    try("user = a\nuser = b\nhosts_deny_sip=10.0.0.1\n\nhosts_deny_sip=10.0.0.2");

	is_str(t.c->user, "b", "the last of two counts");
	ok(said(&t, CONFIG_WARN, 2, "what line 1 says is void"), "... and is told");
	ok(said(&t, CONFIG_WARN, 5, "what line 3 says is void"), "... for networks too");
	done(&t);
}

static void test_names(void)
{
	struct try t;

	warns("if_inbond = eth0", "did you mean if_inbound", "a slip of the pen");
	warns("User = nobody", "did you mean user", "names are case sensitive");
	warns("rtp-port-low = 7070", "did you mean rtp_port_low", "another dash");
	warns("colour = green", "unknown option \"colour\"; the line is ignored",
	    "nothing is like it");
	warns("= green", "unknown option \"\";", "no name at all");
	warns("\033[2J = green", "\"?[2J\"", "a terminal is not at risk");
	warns("include(\"/etc/passwd\")", "without a '='", "there is no include");
	t = try("proxy_auth_passwd sesame");
	ok(said(&t, CONFIG_WARN, 1, "\"proxy_auth_passwd\"") && !said(&t, CONFIG_WARN, 1, "sesame"),
	    "a password in a broken line is not shown");
	done(&t);
	t = try("plugin_stun_server_host = stun.example.org\nplugin_stun_server_port = 1\n");
	is_str(t.c->plugin_stun_server, "stun.example.org", "an alias");
	is_int(t.c->plugin_stun_port, 1, "... does not hit its neighbour");
	ok(said(&t, CONFIG_INFO, 1, "plugin_stun_server_host is taken as plugin_stun_server"),
	    "... and is told");
	done(&t);
	warns("pi_shortdial_akey = *00", "is no longer an option: use plugin_shortdial_akey",
	    "a retired option");
	ok(config_row_find("use_rport") && !config_row_find("use_rpor"), "names match exactly");
	for (size_t i = 0; i < config_row_count(); i++) {
		const struct config_row *row = config_row_at(i);

		if (config_row_find(row->name) != row)
			ok(false, "two rows of one name");
		if (row->type == OPT_ALIAS && !config_row_find(row->instead))
			ok(false, "an alias of nothing");
	}
}

static void test_later(void)
{
	struct try t;

	loads("debug_port = 20", c->debug_port == 20 && said_count(&tried, CONFIG_WARN) == 0,
	    "the debug port");
	warns("rtp_input_dejitter = -5", "between", "a wrong value of such an option only warns");
	loads("rtp_input_dejitter = -5", c->rtp_input_dejitter == 0, "... and its default stays");
	warns("plugin_fix_DTAG_networks = x", "\"x\"", "the same for networks");
	t = try("load_plugin = plugin_logcall.la\nplugindir = /x\nthread_stack_size = 512\n"
		"plugin_shortdial_akey = *00");
	is_int((long long)said_count(&t, CONFIG_WARN), 0, "what nobody misses is no warning");
	ok(said(&t, CONFIG_INFO, 2, "no effect") && said(&t, CONFIG_INFO, 3, "no effect"),
	    "... but mentioned");
	done(&t);
}

static void test_passwords(void)
{
	warns("proxy_auth_pwfile = /x", "nobody is asked for a password",
	    "passwords without a realm have no effect");
	if (!md_is_available()) {
		refuses("proxy_auth_realm = x\nproxy_auth_passwd = y", "built without",
		    "no open door where passwords cannot be checked");
		return;
	}
	refuses("proxy_auth_realm = x", "there is neither proxy_auth_passwd nor",
	    "a realm without passwords is refused");
	loads("proxy_auth_realm = x\nproxy_auth_passwd = y", said_count(&tried, CONFIG_WARN) == 0,
	    "both are good");
	warns("proxy_auth_passwd = y\nproxy_auth_realm = x\nproxy_auth_pwfile = /z",
	    "proxy_auth_passwd has no effect", "a file wins over the one password");
}

static void test_plugins(void)
{
	static const char *const names[] = {"demo", "shortdial", "logcall", "defaulttarget",
	    "fix_bogus_via", "fix_DTAG", "stun", "prefix", "regex", "regex_body", "stripheader",
	    "codecfilter", "siptrunk", "fix_fbox_anoncall", "stats", "blacklist"};
	static const char *const forms[][2] = {{"", ""}, {"plugin_", ""}, {"plugin_", ".la"},
	    {"plugin_", ".so"}, {"/usr/lib/siproxd/plugin_", ".la"}};
	struct try t;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		for (size_t k = 0; k < sizeof(forms) / sizeof(*forms); k++) {
			char line[100];

			snprintf(line, sizeof(line), "load_plugin = %s%s%s", forms[k][0], names[i],
			    forms[k][1]);
			t = try(line);
			ok(t.c && config_loads_plugin(t.c, names[i]) &&
				!said(&t, CONFIG_WARN, 1, "there is no plugin"),
			    line);
			done(&t);
		}
	}
	warns("load_plugin = plugin_nonsense.so", "no plugin \"nonsense\"", "one that is none");
	warns("load_plugin = plugin_logcal.so", "did you mean plugin_logcall", "... or nearly one");
	warns("plugin_blacklist_duration = long", "not a number", "a wrong value only warns");
	warns("load_plugin = regex\nplugin_regex_desc = a\nplugin_regex_replace = b",
	    "0 of pattern", "what is missing is told with the line that loads it");
	t = try("plugin_regex_pattern = (\n");
	is_int((long long)said_count(&t, CONFIG_WARN), 0, "what is not loaded need not be right");
	done(&t);
}

static void test_ports(void)
{
	loads("rtp_port_low = 7070\nrtp_port_high = 7070", c->rtp_port_high == 7071,
	    "one port alone becomes a pair");
	loads("rtp_port_low = 7071\nrtp_port_high = 7073", c->rtp_port_low == 7071, "an odd start");
	warns("rtp_port_low = 7071\nrtp_port_high = 7073", "first port is 7072", "... is told");
	refuses("rtp_port_high = 7069\nrtp_port_low = 7070", "no pair", "the end before the start");
	refuses("rtp_port_high = 7072\nrtp_port_low = 7073", "no pair", "no pair fits");
	warns("rtp_port_low = 20000", "rtp_port_high is not set; 20019 is used",
	    "the last port is not set");
	loads("rtp_port_low = 20000", c->rtp_port_high == 20019, "... and not the default's");
	warns("rtp_port_high = 6999", "rtp_port_low is not set; 6980 is used",
	    "the first port is not set");
	loads("rtp_port_high = 6999", c->rtp_port_low == 6980, "... and not the default's");
	loads("rtp_port_high = 7100",
	    c->rtp_port_low == 7070 && said_count(&tried, CONFIG_WARN) == 0,
	    "the default's, where it fits");
	refuses("rtp_port_high = 65535\nrtp_port_low = 65535", "no pair",
	    "no pair at the very end");
	warns("sip_listen_port = 7075", "RTP ports", "SIP among the RTP ports");
}

/* Said with --check about line 1, and only then. */
static void hints(const char *text, const char *message, const char *what)
{
	struct config_messages quiet = CONFIG_MESSAGES_INIT;
	struct config *c = NULL;
	struct try t = try(text);

	ok(t.c && said(&t, CONFIG_INFO, 1, message), what);
	config_parse(&c, "t", text, strlen(text), &quiet);
	is_int((long long)quiet.count, 0, "... to nobody else");
	config_free(c);
	config_messages_done(&quiet);
	done(&t);
}

static void test_contradictions(void)
{
	warns("pid_file = /run/x\nregistration_file = /run/x", "are one file; each would",
	    "one file for two");
	warns("trace_file = /run/x\npid_file = /run/x", "another file of siproxd",
	    "... and a trace");
	warns("rtp_port_low = 1000\nrtp_port_high = 1100", "ports below 1024 cannot be opened",
	    "RTP ports of root's");
	warns("debug_port = 5060", "are one TCP port", "debug messages on the SIP port");
	warns("load_plugin = {plugin_logcall.so, logcall}",
	    "plugin_logcall is loaded twice; the first place counts", "a plugin twice");
	warns("hosts_allow_reg = 192.168.1.0/24, 10.2.0.0/16\nhosts_deny_sip = 10.0.0.0/8",
	    "hosts_allow_reg: 10.2.0.0/16 is denied", "allowed and denied");
	warns("hosts_allow_sip = 2001:db8::/48\nhosts_deny_sip = 2001:db8::/32",
	    "hosts_allow_sip: 2001:db8::/48 is denied", "... in IPv6");
	loads("hosts_allow_sip = 10.0.0.0/8\nhosts_deny_sip = 10.2.0.0/16, ::/0",
	    said_count(&tried, CONFIG_WARN) == 0, "an exception is none");

	warns("host_outbound = http://gw.example.org/", "is no host", "a web page's address");
	warns("outbound_proxy_host = proxy.example.org:5080", "is no host", "a host with its port");
	warns("local_domain = a.example, sip:b.example", "sip:b.example", "a URI among names");
	loads("host_outbound = 2001:db8::1\noutbound_proxy_host = _a-b.example.",
	    said_count(&tried, CONFIG_WARN) == 0, "hosts are none of these");
	warns("emergency_number = 112 110", "separate numbers by commas", "two numbers in one");

	hints("outbound_proxy_port = 5080", "no effect without", "a proxy's port alone");
	hints("host_outbound = gw.example.org\nload_plugin = stun\nplugin_stun_server = x.example",
	    "one is enough", "a name and a STUN server");
	hints("if_outbound = eth0\nif_inbound = eth0", "are one interface", "one interface");
	hints("if_outbound = eth0\nif_inbound = eth1, eth0", "counts as outside", "... of several");
	hints("rtp_proxy_enable = no", "no voice", "nothing carries the voice");
	hints("rtp_hold_timeout = 60", "ends first", "hold is shorter than silence");
	hints("debug_level = -1\ndaemonize = 1", "silence_log = 0", "nobody sees debug messages");
	hints("plugin_demo_string = x\nplugin_prefix_akey = 0", "names plugin_demo",
	    "a plugin's option, and no plugin");
	loads("if_inbound = a\nif_outbound = a\nhost_outbound = x\nrtp_proxy_enable = 0",
	    said_count(&tried, CONFIG_INFO) == 0, "one interface and its router");
}

static void test_bounds(void)
{
	char *big = malloc(CONFIG_FILE_MAX + 1);
	struct try t;

	memset(big, '\n', CONFIG_FILE_MAX + 1);
	t = try_n(big, CONFIG_FILE_MAX);
	is_int(t.err, 0, "the largest file");
	done(&t);
	t = try_n(big, CONFIG_FILE_MAX + 1);
	ok(t.err == EFBIG && t.msgs.errors == 1, "a larger one");
	done(&t);
	memset(big, '#', CONFIG_LINE_MAX + 1);
	t = try_n(big, CONFIG_FILE_MAX);
	ok(t.err == EINVAL && said(&t, CONFIG_ERR, 1, "longer than"), "a line that is too long");
	done(&t);
	t = try_n("\na = \0b\n", 8);
	ok(t.err == EINVAL && said(&t, CONFIG_ERR, 2, "not a text file"), "a NUL byte");
	done(&t);
	t = try_n("\xff\xfe#\0\n\0a\0=\0b\0\n\0", 14);
	ok(t.err == EINVAL && said(&t, CONFIG_ERR, 1, "UTF-8") && t.msgs.count == 1,
	    "a file of two-byte letters is told once");
	done(&t);
	for (size_t i = 0; i + 2 <= CONFIG_FILE_MAX; i += 2)
		memcpy(big + i, "x\n", 2);
	memcpy(big + CONFIG_FILE_MAX - 16, "\nsilence_log=9\n\n", 16);
	t = try_n(big, CONFIG_FILE_MAX);
	ok(t.err == EINVAL && t.msgs.count <= CONFIG_MESSAGES_MAX + 1 && t.msgs.lost > 0,
	    "half a million complaints are bounded");
	is_int((long long)said_count(&t, CONFIG_ERR), 1, "... and the error is among them");
	done(&t);
	free(big);
}

static char *explained(const struct try *t)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	config_explain(&t->msgs, f);
	fclose(f);
	return text;
}

static void test_explain(void)
{
	struct try t = try("\nrtp_port_low = 0x1b9e\nfoo\nproxy_auth_passwd = sesame\n"
			   "rtp_timeout = 60");
	char *text = explained(&t);

	ok(strstr(text, "line 2: rtp_port_low = 7070 (first RTP port)\n"), "a line as understood");
	ok(strstr(text, "line 5: rtp_timeout = 60 seconds ("), "... with its unit");
	ok(strstr(text, "t:3: warning: "), "... and the messages");
	ok(!strstr(text, "sesame") && strstr(text, "(hidden)"), "... without the password");
	free(text);
	done(&t);
}

struct names {
	char text[200];
};

static void add_name(void *arg, const char *name)
{
	struct names *names = arg;

	strcat(names->text, name);
	strcat(names->text, " ");
}

static void test_restart(void)
{
	struct try a = try("if_inbound = eth0\nuser = a\nrtp_timeout = 10");
	struct try b = try("if_inbound = eth0, eth1\nuser = \"a\"\nrtp_timeout = 20\npid_file = x");
	struct names names = {""};

	is_int((long long)config_restart_needed(a.c, b.c, add_name, &names), 2,
	    "two need a restart");
	is_str(names.text, "if_inbound pid_file ", "... these");
	names.text[0] = '\0';
	is_int((long long)config_restart_needed(a.c, a.c, add_name, &names), 0, "none does");
	done(&a);
	done(&b);
}

/* Another value than the default's. */
static void other_value(const struct config_row *row, char *out, size_t size)
{
	long long def = row->def ? strtoll(row->def, NULL, 0) : 0;

	if (row->type == OPT_INT || row->type == OPT_BOOL)
		snprintf(out, size, "%s = %lld", row->name, def < row->max ? def + 1 : def - 1);
	else
		snprintf(out, size, "%s = eth9", row->name);
}

/* Each option by itself, after a reload: it needs a restart or it does not, as its row says. */
static void test_restart_rows(void)
{
	struct try before = try("");

	for (size_t i = 0; i < config_row_count(); i++) {
		const struct config_row *row = config_row_at(i);
		struct names names = {""};
		struct try after;
		char line[200], want[100] = "";

		if (!config_row_is_option(row) || row->type == OPT_ACL || row->type == OPT_ENUM ||
		    row->type == OPT_MASK || row->type == OPT_NUMBERS || row->plugin)
			continue;
		if (strcmp(row->name, "proxy_auth_realm") == 0)
			continue; /* an error without passwords: test_passwords() */
		other_value(row, line, sizeof(line));
		after = try(line);
		if (row->flags & OPT_RESTART)
			snprintf(want, sizeof(want), "%s ", row->name);
		if (ok(after.c != NULL, line))
			config_restart_needed(before.c, after.c, add_name, &names);
		is_str(names.text, want, "... needs a restart, or none");
		done(&after);
	}
	done(&before);
}

static void test_none_found(void)
{
	struct try t = {NULL, CONFIG_MESSAGES_INIT, 0};
	const char *text;

	t.err = config_load(&t.c, NULL, &t.msgs);
	if (t.err == ENOENT) {
		text = t.msgs.item[t.msgs.count - 1].text;
		ok(strstr(text, "copy siproxd.conf.example to " SYSCONFDIR "/siproxd.conf") != NULL,
		    "no file: what to do");
		text = strstr(text, SYSCONFDIR ", ");
		ok(text && !strstr(text + 1, ", " SYSCONFDIR ",") &&
			!strstr(text + 1, ", " SYSCONFDIR ";"),
		    "... and each folder is named once");
	}
	done(&t);
}

static void test_load(void)
{
	struct try t = {NULL, CONFIG_MESSAGES_INIT, 0};
	char path[] = "/tmp/siproxd-config-XXXXXX", name[80];
	FILE *f;

	if (!ok(mkdtemp(path) != NULL, "a directory"))
		return;
	setenv("HOME", path, 1);
	snprintf(name, sizeof(name), "%s/.siproxdrc", path);
	t.err = config_load(&t.c, name, &t.msgs);
	ok(t.err == ENOENT && !t.c && t.msgs.errors == 1, "a file that is not there");
	ok(said(&t, CONFIG_ERR, 0, "cannot read ") && said(&t, CONFIG_ERR, 0, name),
	    "... and the message names it");
	done(&t);
	t.err = config_load(&t.c, path, &t.msgs);
	ok(t.err == EISDIR && !t.c && t.msgs.errors == 1, "a directory is no file");
	done(&t);
	f = fopen(name, "w");
	fputs("user = abc", f);
	fclose(f);
	t.err = config_load(&t.c, NULL, &t.msgs);
	ok(t.err == 0 && t.c && strcmp(t.c->file, name) == 0, "the home directory comes first");
	ok(t.c && said(&t, CONFIG_INFO, 0, "read"), "... and is told");
	done(&t);
	unlink(name);
	rmdir(path);
	if (access("/etc/siproxd.conf", F_OK) != 0)
		test_none_found();
}

int main(void)
{
	test_defaults();
	test_numbers();
	test_strings();
	test_lists();
	test_long_list();
	test_acl();
	test_repeated();
	test_names();
	test_later();
	test_passwords();
	test_plugins();
	test_ports();
	test_contradictions();
	test_bounds();
	test_explain();
	test_restart();
	test_restart_rows();
	test_load();
	return tap_done();
}
