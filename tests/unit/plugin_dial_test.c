/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plugins that change what is dialled. */
#include "plugins.h"

static void dials(struct core *c, const char *uri, const char *becomes)
{
	const struct core_sent *m;

	alice_sends(c, "INVITE", uri, NULL);
	core_expect(c, LAN, "SIP/2.0 100", uri);
	m = core_expect(c, WAN, "INVITE ", "goes out");
	is_str(core_uri(m), becomes, "... as");
	ok(strstr(core_header(m, "To", 0), uri) != NULL, "... and the To is as it was");
	core_answer(c, m, "486 Busy Here", "b", NULL, NULL);
	core_expect(c, WAN, "ACK", "... and is acknowledged");
	core_expect(c, LAN, "SIP/2.0 486", "... and refused");
	core_wait(c, 40000);
	core_forget(c);
}

static void is_redirected(struct core *c, const char *uri, const char *contact)
{
	alice_sends(c, "INVITE", uri, NULL);
	is_str(core_header(core_expect(c, LAN, "SIP/2.0 302", uri), "Contact", 0), contact,
	    "... is sent to");
	core_expect_silence(c, "... and nothing goes out");
}

static void test_prefix(void)
{
	struct world w;
	struct core *c =
	    world_start(&w, "load_plugin = plugin_prefix.la\nplugin_prefix_akey = 0\n");

	dials(c, "sip:123@198.51.100.7", "sip:0123@198.51.100.7");
	dials(c, "sip:+49-1@198.51.100.7;user=phone", "sip:0+49-1@198.51.100.7;user=phone");
	alice_sends(c, "OPTIONS", "sip:123@198.51.100.7", NULL);
	core_expect(c, WAN, "OPTIONS sip:123@", "other requests go as they are");
	core_register(c, CORE_PHONE_2, "bob");
	alice_sends(c, "INVITE", "sip:bob@192.168.1.1", NULL);
	core_expect(c, LAN, "SIP/2.0 100", "a neighbour is called");
	core_expect(c, LAN, "INVITE sip:bob@192.168.1.11", "... by his own name");
	world_reload(&w,
	    "load_plugin = prefix\nplugin_prefix_akey = 0\nplugin_prefix_redirect=1\n");
	core_forget(c);
	is_redirected(c, "sip:123@198.51.100.7", "<sip:0123@198.51.100.7;redirected=prefix>");
	dials(c, "sip:0123@198.51.100.7;redirected=prefix",
	    "sip:0123@198.51.100.7;redirected=prefix");
	world_stop(&w);
	complains("load_plugin = prefix\n", 1, "plugin_prefix_akey", "no prefix");
	complains("plugin_prefix_akey = 0>\nload_plugin = prefix\n", 1, "cannot be dialled",
	    "a bad prefix");
}

static void test_shortdial(void)
{
	struct world w;
	struct core *c = world_start(&w,
	    "load_plugin = plugin_shortdial.so\nplugin_shortdial_akey = *00\n"
	    "plugin_shortdial_entry = 17474743246\nplugin_shortdial_entry = bob@198.51.100.9\n"
	    "plugin_shortdial_entry = 333@\n");

	dials(c, "sip:*01@198.51.100.7", "sip:17474743246@198.51.100.7");
	dials(c, "sip:*01@198.51.100.7:5070;user=phone",
	    "sip:17474743246@198.51.100.7:5070;user=phone");
	dials(c, "sip:*02@198.51.100.7", "sip:bob@198.51.100.9");
	dials(c, "sip:*03@198.51.100.7", "sip:333@198.51.100.7");
	dials(c, "sip:*04@198.51.100.7", "sip:*04@198.51.100.7");
	dials(c, "sip:*00@198.51.100.7", "sip:*00@198.51.100.7");
	dials(c, "sip:*1@198.51.100.7", "sip:*1@198.51.100.7");
	dials(c, "sip:001@198.51.100.7", "sip:001@198.51.100.7");
	dials(c, "sip:*0a@198.51.100.7", "sip:*0a@198.51.100.7");
	world_reload(&w,
	    "load_plugin = shortdial\nplugin_shortdial_akey = *00\nplugin_shortdial_redirect = 1\n"
	    "plugin_shortdial_entry = 17474743246\n");
	is_redirected(c, "sip:*01@198.51.100.7",
	    "<sip:17474743246@198.51.100.7;redirected=shortdial>");
	world_stop(&w);
	complains("load_plugin = shortdial\nplugin_shortdial_akey = *\n", 2, "2 to 6",
	    "a short key");
	complains("load_plugin = shortdial\nplugin_shortdial_akey = *00\n"
		  "plugin_shortdial_entry = 1\nplugin_shortdial_entry = a b\n",
	    4, "\"a b\" is no number", "the entry that is wrong is told by its line");
}

static void test_regex(void)
{
	struct world w;
	struct core *c = world_start(&w,
	    "load_plugin = plugin_regex.la\n"
	    "plugin_regex_desc = Test Regex 1\nplugin_regex_pattern = ^(SIPS?:)00\n"
	    "plugin_regex_replace = \\1+\n"
	    "plugin_regex_desc = Test Regex 2\nplugin_regex_pattern = ^(sips?:)01\n"
	    "plugin_regex_replace = \\1+a\n"
	    "plugin_regex_desc = never\nplugin_regex_pattern = ^(sips?:)01\n"
	    "plugin_regex_replace = \\1b\n"
	    "plugin_regex_desc = swap\nplugin_regex_pattern = ^sip:(a)(b)?(c)@\n"
	    "plugin_regex_replace = sip:\\3\\2\\1@\n"
	    "plugin_regex_desc = nonsense\nplugin_regex_pattern = ^sip:9.*\n"
	    "plugin_regex_replace = nobody\n");

	dials(c, "sip:0049123@198.51.100.7", "sip:+49123@198.51.100.7");
	dials(c, "sip:0123@198.51.100.7", "sip:+a23@198.51.100.7");
	dials(c, "sip:ac@198.51.100.7", "sip:ca@198.51.100.7");
	dials(c, "sip:abc@198.51.100.7", "sip:cba@198.51.100.7");
	dials(c, "sip:77@198.51.100.7", "sip:77@198.51.100.7");
	dials(c, "sip:99@198.51.100.7", "sip:99@198.51.100.7");
	ok(strstr(logged(), "which is no address") != NULL, "what comes of the last rule is told");
	world_reload(&w,
	    "load_plugin = regex\nplugin_regex_redirect = 1\nplugin_regex_desc = x\n"
	    "plugin_regex_pattern = ^sip:00\nplugin_regex_replace = sip:+\n");
	is_redirected(c, "sip:0049@198.51.100.7", "<sip:+49@198.51.100.7;redirected=regex>");
	world_stop(&w);
}

#define RULE(pattern, replace)                                        \
	"plugin_regex_desc = x\nplugin_regex_pattern = " pattern "\n" \
	"plugin_regex_replace = " replace "\n"

static void test_regex_options(void)
{
	complains("load_plugin = regex\n" RULE("a", "b") RULE("(", "b"), 6, "\"(\"",
	    "a broken pattern is told with its line");
	complains("load_plugin = regex\n" RULE("(a)", "\\2"), 4, "parentheses",
	    "a part that does not exist");
	complains("load_plugin = regex\nplugin_regex_pattern = a\n", 2, "needs one of each",
	    "lists that do not match");
	complains("load_plugin = regex\n", 1, "no rule", "no rule");
}

/* One after the other, in the order in which they are loaded. */
static void test_order(void)
{
	struct world w;
	struct core *c = world_start(&w,
	    "load_plugin = prefix\nload_plugin = shortdial\n"
	    "plugin_shortdial_akey = *00\nplugin_shortdial_entry = 123\n"
	    "plugin_prefix_akey = 0\n");

	dials(c, "sip:*01@198.51.100.7", "sip:0*01@198.51.100.7");
	world_reload(&w,
	    "load_plugin = shortdial\nload_plugin = prefix\nload_plugin = plugin_shortdial.la\n"
	    "plugin_shortdial_akey = *00\nplugin_shortdial_entry = 123\n"
	    "plugin_prefix_akey = 0\n");
	dials(c, "sip:*01@198.51.100.7", "sip:0123@198.51.100.7");
	world_stop(&w);
}

/* --- calls from the Internet -------------------------------------------------------------- */

static void is_for(struct core *c, const char *uri, const char *phone, const char *becomes)
{
	const struct core_sent *m;
	char to[ADDR_TEXT_MAX];

	provider_sends(c, "INVITE", uri, NULL);
	core_expect(c, WAN, "SIP/2.0 100", uri);
	m = core_expect(c, LAN, "INVITE", "goes to");
	is_str(addr_format(&m->to, to), phone, "... this phone");
	is_str(core_uri(m), becomes, "... as");
	core_answer(c, m, "486 Busy Here", "b", NULL, NULL);
	core_wait(c, 40000);
	core_forget(c);
}

static void test_defaulttarget(void)
{
	struct world w;
	struct core *c = world_start(&w,
	    "load_plugin = plugin_defaulttarget.la\nplugin_defaulttarget_log = 1\n"
	    "plugin_defaulttarget_target = sip:100@192.168.1.20:5070\n");

	core_register(c, CORE_PHONE_2, "bob");
	is_for(c, "sip:bob@203.0.113.1", CORE_PHONE_2, "sip:bob@192.168.1.11:5060");
	logged();
	is_for(c, "sip:555@203.0.113.1", "192.168.1.20:5070", "sip:100@192.168.1.20:5070");
	ok(strstr(logged(), "goes to sip:100@192.168.1.20:5070") != NULL, "... and is logged");
	is_for(c, "sip:555@198.51.100.99", "192.168.1.20:5070", "sip:100@192.168.1.20:5070");
	provider_sends(c, "OPTIONS", "sip:555@203.0.113.1", NULL);
	core_expect(c, WAN, "SIP/2.0 404", "only calls");
	provider_sends(c, "BYE", "sip:555@203.0.113.1", NULL);
	core_expect(c, WAN, "SIP/2.0 481", "... that begin");
	core_forget(c);
	world_reload(&w,
	    "load_plugin = defaulttarget\n"
	    "plugin_defaulttarget_target = sip:100@192.168.1.20:5060\n");
	logged();
	is_for(c, "sip:555@203.0.113.1", "192.168.1.20:5060", "sip:100@192.168.1.20:5060");
	ok(!strstr(logged(), "plugin_defaulttarget"), "silent if so wanted");
	world_reload(&w,
	    "load_plugin = defaulttarget\n"
	    "plugin_defaulttarget_target = sip:100@pbx.example.lan\n");
	provider_sends(c, "INVITE", "sip:555@203.0.113.1", NULL);
	core_expect(c, WAN, "SIP/2.0 100", "a target by name");
	core_resolve("192.168.1.30");
	core_expect(c, LAN, "INVITE sip:100@pbx.example.lan", "... is looked up");
	core_wait(c, 200000);
	core_forget(c);
	provider_sends(c, "INVITE", "sip:555@203.0.113.1", NULL);
	core_resolve("192.0.2.99");
	core_expect(c, WAN, "SIP/2.0 100", "a name");
	core_expect(c, WAN, "SIP/2.0 404", "... that leads to the Internet is none");
	core_wait(c, 40000);
	core_forget(c);
	world_reload(&w,
	    "load_plugin = defaulttarget\nplugin_defaulttarget_redirect = 1\n"
	    "plugin_defaulttarget_target = sip:100@198.51.100.50\n");
	provider_sends(c, "INVITE", "sip:555@203.0.113.1", NULL);
	is_str(core_header(core_expect(c, WAN, "SIP/2.0 302", "302"), "Contact", 0),
	    "<sip:100@198.51.100.50>", "... on request");
	world_reload(&w,
	    "load_plugin = defaulttarget\n"
	    "plugin_defaulttarget_target = sip:100@198.51.100.50\n");
	provider_sends(c, "INVITE", "sip:555@203.0.113.1", NULL);
	core_expect(c, WAN, "SIP/2.0 404", "we do not forward from the WAN to the WAN");
	core_wait(c, 40000);
	core_forget(c);
	core_expect_rest(c, "nothing is kept");
	world_stop(&w);
	complains("load_plugin = plugin_defaulttarget.la\n"
		  "plugin_defaulttarget_target = sip:internal@dddd:port\n",
	    2, "is no address", "the target of the old example");
	complains("load_plugin = defaulttarget\n", 1, "is not set", "no target");
	complains("load_plugin = defaulttarget\nplugin_defaulttarget_redirect = 1\n"
		  "plugin_defaulttarget_target = sip:100@192.168.1.20\n",
	    2, "cannot be called", "nobody is sent to a private address");
}

static void test_siptrunk(void)
{
	struct world w;
	/* The order that pfSense writes. */
	struct core *c = world_start(&w,
	    "load_plugin = plugin_defaulttarget.la\n"
	    "plugin_defaulttarget_target = sip:100@192.168.1.20:5060\n"
	    "load_plugin = plugin_siptrunk.la\n"
	    "plugin_siptrunk_name = SIP Trunk\n"
	    "plugin_siptrunk_account = sip:pbx@192.168.1.1\n"
	    "plugin_siptrunk_numbers_regex = ^555123(10[0-9]|11[012])$\n");

	core_register(c, CORE_PHONE_2, "pbx");
	is_for(c, "sip:555123104@203.0.113.1", CORE_PHONE_2, "sip:555123104@203.0.113.1");
	is_for(c, "sip:555123112@198.51.100.99", CORE_PHONE_2, "sip:555123112@198.51.100.99");
	is_for(c, "sip:555123113@203.0.113.1", "192.168.1.20:5060", "sip:100@192.168.1.20:5060");
	is_for(c, "sip:pbx@203.0.113.1", CORE_PHONE_2, "sip:pbx@192.168.1.11:5060");
	core_receive(c, WAN, CORE_PROVIDER,
	    "INVITE sip:203.0.113.1 SIP/2.0\nVia: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKt\n"
	    "From: <sip:carol@example.net>;tag=t\nTo: <sip:555123100@example.com>\nCall-ID: t\n"
	    "CSeq: 1 INVITE\nContact: <sip:carol@198.51.100.7>\n\n");
	core_expect(c, WAN, "SIP/2.0 100", "the number stands in the To alone");
	core_expect(c, LAN, "INVITE sip:203.0.113.1 ", "... and it is found");
	core_wait(c, 200000);
	core_forget(c);
	core_wait(c, 3600000);
	core_forget(c);
	logged();
	is_for(c, "sip:555123104@203.0.113.1", "192.168.1.20:5060", "sip:100@192.168.1.20:5060");
	ok(strstr(logged(), "which is not registered") != NULL, "a PBX that has gone is told of");
	core_expect_rest(c, "nothing is kept");
	world_stop(&w);
	complains("load_plugin = siptrunk\nplugin_siptrunk_account = sip:a@b\n", 2,
	    "needs one of each", "an account without numbers");
	complains("load_plugin = siptrunk\nplugin_siptrunk_account = sip:a@b\n"
		  "plugin_siptrunk_numbers_regex = [\n",
	    3, "\"[\"", "a broken pattern");
	complains("load_plugin = siptrunk\nplugin_siptrunk_account = a\n"
		  "plugin_siptrunk_numbers_regex = 1\n",
	    2, "is no address", "no account");
}

/* The registrar's trunk goes to its only account, unless a plugin has a say. */
static void test_trunk_of_registrar(void)
{
	struct world w;
	struct core *c = world_start(&w,
	    "load_plugin = plugin_defaulttarget.la\n"
	    "plugin_defaulttarget_target = sip:100@192.168.1.20:5060\n");
	const struct core_sent *m;

	core_receive(c, LAN, CORE_PHONE,
	    "REGISTER sip:198.51.100.7 SIP/2.0\nVia: SIP/2.0/UDP 192.168.1.10;branch=z9hG4bKg\n"
	    "From: <sip:acc@198.51.100.7>;tag=g\nTo: <sip:acc@198.51.100.7>\nCall-ID: g\n"
	    "CSeq: 1 REGISTER\nContact: <sip:acc@192.168.1.10>;expires=3600\n\n");
	m = core_expect(c, WAN, "REGISTER", "the only account");
	core_answer(c, m, "200 OK", "p", "Contact: <sip:acc@203.0.113.1>;expires=3600\r\n", NULL);
	core_expect(c, LAN, "SIP/2.0 200", "... is registered");
	is_for(c, "sip:555@203.0.113.1", "192.168.1.20:5060", "sip:100@192.168.1.20:5060");
	world_reload(&w, "load_plugin = logcall\n");
	is_for(c, "sip:555@203.0.113.1", CORE_PHONE, "sip:555@192.168.1.10");
	world_stop(&w);
}

/* The phone acknowledges our 302, and that goes nowhere. */
static void test_ack_of_ours(void)
{
	struct world w;
	struct core *c = world_start(&w,
	    "load_plugin = prefix\nplugin_prefix_akey = 0\nplugin_prefix_redirect = 1\n");
	const struct core_sent *m;

	alice_sends(c, "INVITE", "sip:123@198.51.100.7", NULL);
	m = core_expect(c, LAN, "SIP/2.0 302", "302");
	core_receive(c, LAN, CORE_PHONE,
	    "ACK sip:123@198.51.100.7 SIP/2.0\nVia: %s\nFrom: %s\nTo: %s\nCall-ID: %s\nCSeq: 1 "
	    "ACK\n\n",
	    core_header(m, "Via", 0), core_header(m, "From", 0), core_header(m, "To", 0),
	    core_header(m, "Call-ID", 0));
	core_expect_silence(c, "its ACK ends here");
	world_stop(&w);
}

int main(void)
{
	test_prefix();
	test_shortdial();
	test_regex();
	test_regex_options();
	test_order();
	test_defaulttarget();
	test_siptrunk();
	test_trunk_of_registrar();
	test_ack_of_ours();
	return tap_done();
}
