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

int main(void)
{
	test_prefix();
	return tap_done();
}
