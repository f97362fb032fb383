/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which side a datagram came from, and where an address is reached, on machines of all shapes. */
#include "proxy/side.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tap.h"

struct machine {
	struct netif_addr entry[16];
	struct netif_set set;
	struct side_map *sides;
};

static void add(struct machine *m, const char *name, unsigned index, const char *ip, unsigned len)
{
	struct netif_addr *a = &m->entry[m->set.count++];

	snprintf(a->name, sizeof(a->name), "%s", name);
	a->index = index;
	a->up = true;
	a->prefix_len = len;
	addr_parse(&a->addr, ip, 0);
	m->set.entry = m->entry;
}

static void start(struct machine *m, const char *const *inbound, size_t n, const char *outbound,
    const struct acl *local_nets)
{
	struct side_setup setup = {inbound, n, outbound, local_nets, 5060};

	if (side_new(&m->sides, &setup) != 0 || side_refresh(m->sides, &m->set, NULL) != 0)
		abort();
}

static struct addr at(const char *ip, uint16_t port)
{
	struct addr a;

	if (addr_parse(&a, ip, port) != 0)
		abort();
	return a;
}

static struct hop classify(const struct machine *m, const char *peer, uint16_t port,
    const char *local, unsigned ifindex)
{
	struct udp_from from = {at(peer, port), at(local, 5060), ifindex};
	struct hop hop;

	side_classify(m->sides, &from, &hop);
	return hop;
}

static const char *ip_of(const struct addr *a)
{
	static char text[4][ADDR_TEXT_MAX];
	static unsigned n;

	return addr_format_ip(a, text[n++ % 4]);
}

/* "LAN 192.168.1.1", or "unreachable". */
static const char *way_to(const struct machine *m, const char *ip)
{
	static char text[4][ADDR_TEXT_MAX + 8];
	static unsigned n;
	char *out = text[n++ % 4];
	struct addr dest = at(ip, 5060);
	struct hop hop;
	int err = side_route(m->sides, &dest, &hop);

	if (err)
		return err == ENETUNREACH ? "unreachable" : "error";
	snprintf(out, sizeof(text[0]), "%s %s", hop.side == LAN ? "LAN" : "WAN", ip_of(&hop.local));
	return out;
}

static bool is_us(const struct machine *m, const char *text)
{
	struct sip_uri uri;

	return sip_uri_parse(&uri, str_of(text)) == 0 && side_is_us(m->sides, &uri);
}

static const char *const eth1[] = {"eth1"};

static void test_two_interfaces(void)
{
	struct machine m = {.set = {NULL, 0}};
	struct hop hop;
	struct addr a;
	char text[128];

	add(&m, "lo", 1, "127.0.0.1", 8);
	add(&m, "eth1", 2, "192.168.1.1", 24);
	add(&m, "eth1", 2, "fd00:1::1", 64);
	add(&m, "eth0", 3, "203.0.113.1", 24);
	add(&m, "eth0", 3, "2001:db8:1::1", 64);
	start(&m, eth1, 1, "eth0", NULL);
	ok(side_has_wan(m.sides) && !side_is_single(m.sides), "two interfaces");
	is_str(side_describe(m.sides, text, sizeof(text)),
	    "LAN eth1 192.168.1.1, WAN eth0 203.0.113.1", "described");
	hop = classify(&m, "192.168.1.10", 5060, "192.168.1.1", 2);
	is_int(hop.side, LAN, "a phone");
	is_str(ip_of(&hop.local), "192.168.1.1", "is answered from where it sent to");
	is_int(addr_port(&hop.local), 5060, "with our port");
	hop = classify(&m, "10.9.9.9", 5060, "192.168.1.1", 2);
	is_int(hop.side, LAN, "a routed phone, by the interface");
	hop = classify(&m, "10.9.9.9", 5060, "127.0.0.1", 2);
	is_str(ip_of(&hop.local), "127.0.0.1", "a redirected one is answered from 127.0.0.1");
	is_str(ip_of(&hop.named), "192.168.1.1", "and told our LAN address");
	is_int(classify(&m, "198.51.100.7", 5060, "203.0.113.1", 3).side, WAN, "a provider");
	is_int(classify(&m, "192.168.1.66", 5060, "203.0.113.1", 3).side, WAN,
	    "a LAN address on the WAN's interface is none");
	is_int(classify(&m, "198.51.100.7", 5060, "203.0.113.1", 0).side, WAN, "unknown: WAN");
	is_int(classify(&m, "127.0.0.1", 5062, "127.0.0.1", 1).side, LAN, "a program here");
	is_int(classify(&m, "203.0.113.1", 5062, "203.0.113.1", 1).side, LAN, "by any address");
	is_int(classify(&m, "203.0.113.1", 5060, "203.0.113.1", 1).side, WAN, "but ourselves");
	is_int(classify(&m, "fd00:1::10", 5060, "fd00:1::1", 2).side, LAN, "IPv6");
	is_int(classify(&m, "2001:db8:7::7", 5060, "2001:db8:1::1", 3).side, WAN, "IPv6");
	is_int(classify(&m, "::1", 5062, "::1", 1).side, LAN, "a program here, over IPv6");
	is_int(classify(&m, "fd00:1::1", 5062, "fd00:1::1", 2).side, LAN, "by our LAN address");
	is_int(classify(&m, "fd00:1::1", 5062, "2001:db8:1::1", 3).side, WAN,
	    "our LAN address on the WAN's interface may be forged");
	is_int(classify(&m, "2001:db8:1::1", 5062, "2001:db8:1::1", 3).side, WAN, "or the other");

	is_str(way_to(&m, "192.168.1.10"), "LAN 192.168.1.1", "to a phone");
	is_str(way_to(&m, "198.51.100.7"), "WAN 203.0.113.1", "to a provider");
	is_str(way_to(&m, "fd00:1::10"), "LAN fd00:1::1", "to a phone over IPv6");
	is_str(way_to(&m, "2001:db8:7::7"), "WAN 2001:db8:1::1", "to a provider over IPv6");
	is_str(way_to(&m, "127.0.0.1"), "LAN 127.0.0.1", "to a program here");
	is_str(way_to(&m, "203.0.113.77"), "WAN 203.0.113.1", "to a neighbour on the WAN");

	ok(is_us(&m, "sip:192.168.1.1") && is_us(&m, "sip:x@203.0.113.1:5060") &&
		is_us(&m, "sip:127.0.0.1;lr") && is_us(&m, "sip:[2001:db8:1::1]"),
	    "our addresses");
	ok(!is_us(&m, "sip:203.0.113.1:5070") && !is_us(&m, "sip:203.0.113.2") &&
		!is_us(&m, "tel:203.0.113.1") && !is_us(&m, "sip:example.net"),
	    "and no other");
	a = at("192.168.1.99", 0);
	ok(side_is_lan_addr(m.sides, &a), "an address of the LAN");
	a = at("127.0.0.1", 0);
	ok(side_is_lan_addr(m.sides, &a), "loopback is nothing for the WAN");
	a = at("203.0.113.1", 0);
	ok(!side_is_lan_addr(m.sides, &a), "our WAN address is");
	a = at("0.0.0.0", 0);
	ok(!side_is_lan_addr(m.sides, &a), "0.0.0.0 is nobody's");

	side_set_public_name(m.sides, "pbx.example.net");
	ok(is_us(&m, "sip:a@PBX.example.net"), "a name for us");
	ok(!is_us(&m, "sip:a@pbx.example.com"), "and no other");
	a = at("192.0.2.200", 0);
	side_set_public(m.sides, &a);
	is_str(ip_of(side_addr(m.sides, WAN, AF_INET)), "192.0.2.200", "host_outbound is our name");
	is_str(way_to(&m, "198.51.100.7"), "WAN 203.0.113.1",
	    "packets still leave from our address");
	ok(is_us(&m, "sip:bob@192.0.2.200"), "and it is us");
	is_str(way_to(&m, "2001:db8:7::7"), "WAN 2001:db8:1::1", "an IPv4 name leaves IPv6 alone");
	is_str(ip_of(side_addr(m.sides, WAN, AF_INET6)), "2001:db8:1::1", "under its own address");
	side_set_public_name(m.sides, "192.0.2.201");
	is_str(ip_of(side_addr(m.sides, WAN, AF_INET)), "192.0.2.201",
	    "a literal needs no look-up");
	side_set_public_name(m.sides, NULL);
	is_str(ip_of(side_addr(m.sides, WAN, AF_INET)), "203.0.113.1", "no name, no other address");
	side_free(m.sides);
}

static void test_one_interface(void)
{
	struct machine m = {.set = {NULL, 0}};
	struct acl nets = {NULL, 0};
	char *bad = NULL;

	is_int(acl_parse(&nets, "10.20.0.0/16", &bad), 0, "local_nets");
	add(&m, "lo", 1, "127.0.0.1", 8);
	add(&m, "eth1", 2, "192.168.1.5", 24);
	add(&m, "eth1", 2, "fd00:1::5", 64);
	start(&m, eth1, 1, "eth1", &nets);
	ok(side_is_single(m.sides), "in front of the router");
	is_int(classify(&m, "192.168.1.10", 5060, "192.168.1.5", 2).side, LAN, "the prefix is LAN");
	is_int(classify(&m, "10.20.3.4", 5060, "192.168.1.5", 2).side, LAN,
	    "and so are local_nets");
	is_int(classify(&m, "198.51.100.7", 5060, "192.168.1.5", 2).side, WAN, "the rest is WAN");
	is_str(way_to(&m, "10.20.3.4"), "LAN 192.168.1.5", "to the LAN");
	is_str(way_to(&m, "198.51.100.7"), "WAN 192.168.1.5", "to the WAN");
	is_int(classify(&m, "192.168.1.5", 5070, "192.168.1.5", 1).side, LAN, "an Asterisk here");
	is_int(classify(&m, "fd00:1::5", 5070, "fd00:1::5", 2).side, LAN, "one over IPv6");
	side_free(m.sides);
	acl_done(&nets);
}

#ifdef LINUX_EXTRAS
/* The default gateway shares the phones' prefix, and is no phone. */
static void test_gateway(void)
{
	struct machine m = {.set = {NULL, 0}};
	struct addr gateway;
	char ip[ADDR_TEXT_MAX];

	/* The machine's own gateway, with a prefix around it: the one thing that is not given. */
	if (netif_default_gateway(AF_INET, &gateway, NULL) != 0 || !addr_is_set(&gateway)) {
		ok(true, "no default gateway # SKIP");
		return;
	}
	gateway.u.in.sin_addr.s_addr ^= htonl(1);
	add(&m, "eth1", 2, addr_format_ip(&gateway, ip), 24);
	gateway.u.in.sin_addr.s_addr ^= htonl(1);
	start(&m, eth1, 1, "eth1", NULL);
	is_int(classify(&m, addr_format_ip(&gateway, ip), 5060, "192.168.1.5", 2).side, WAN,
	    "the default gateway is never LAN");
	side_free(m.sides);
}
#endif

static void test_several_lans(void)
{
	static const char *const inbound[] = {"eth1", "172.16.5.1", "eth9"};
	struct machine m = {.set = {NULL, 0}};
	struct acl nets = {NULL, 0};
	char *bad = NULL, text[256];

	acl_parse(&nets, "10.0.0.0/8", &bad);
	add(&m, "eth1", 2, "192.168.1.1", 24);
	add(&m, "vlan5", 4, "172.16.5.1", 24);
	add(&m, "eth0", 3, "203.0.113.1", 24);
	start(&m, inbound, 3, "203.0.113.1", &nets);
	ok(strstr(side_describe(m.sides, text, sizeof(text)), "WAN eth0 ") != NULL,
	    "an address stands for its interface");
	is_int(classify(&m, "192.168.1.10", 5060, "192.168.1.1", 2).side, LAN, "one LAN");
	is_int(classify(&m, "172.16.5.10", 5060, "172.16.5.1", 4).side, LAN, "the other");
	is_int(classify(&m, "10.1.1.1", 5060, "203.0.113.1", 3).side, WAN,
	    "local_nets do not arrive by the WAN");
	is_int(classify(&m, "10.1.1.1", 5060, "192.0.2.1", 7).side, LAN, "but by a tunnel they do");
	is_str(way_to(&m, "192.168.1.10"), "LAN 192.168.1.1", "each is reached from");
	is_str(way_to(&m, "172.16.5.10"), "LAN 172.16.5.1", "our address there");
	is_str(way_to(&m, "10.1.1.1"), "LAN 192.168.1.1", "a routed one from the first");
	side_free(m.sides);
	acl_done(&nets);
}

/* A system that does not tell by which interface a packet came (no IP_RECVIF nor IP_PKTINFO). */
static void test_unknown_interface(void)
{
	struct machine m = {.set = {NULL, 0}};
	struct acl nets = {NULL, 0};
	char *bad = NULL;

	acl_parse(&nets, "10.0.0.0/8", &bad);
	add(&m, "eth1", 2, "192.168.1.1", 24);
	add(&m, "eth0", 3, "203.0.113.1", 24);
	start(&m, eth1, 1, "eth0", &nets);
	is_int(classify(&m, "192.168.1.10", 5060, "192.168.1.1", 0).side, LAN,
	    "a phone, by its address");
	is_int(classify(&m, "10.1.1.1", 5060, "192.168.1.1", 0).side, LAN, "a routed one");
	is_int(classify(&m, "198.51.100.7", 5060, "203.0.113.1", 0).side, WAN, "a provider");
	is_int(classify(&m, "203.0.113.77", 5060, "203.0.113.1", 0).side, WAN,
	    "a neighbour on the WAN");
	side_free(m.sides);
	acl_done(&nets);
}

/* SIGHUP sets the same name again: what the DNS said of it stands. */
static void test_same_name(void)
{
	static char name[] = "pbx.example.net", again[] = "pbx.example.net",
		    other[] = "x.example.net";
	struct machine m = {.set = {NULL, 0}};
	struct addr a = at("192.0.2.200", 0);

	add(&m, "eth1", 2, "192.168.1.1", 24);
	add(&m, "eth0", 3, "203.0.113.1", 24);
	start(&m, eth1, 1, "eth0", NULL);
	side_set_public_name(m.sides, name);
	side_set_public(m.sides, &a);
	side_set_public_name(m.sides, again);
	is_str(ip_of(side_addr(m.sides, WAN, AF_INET)), "192.0.2.200",
	    "the same name, the same address");
	memset(name, 'x', sizeof(name) - 1);
	ok(is_us(&m, "sip:a@pbx.example.net"), "the new string is used");
	side_set_public_name(m.sides, other);
	ok(!side_addr(m.sides, WAN, AF_INET) ||
		strcmp(ip_of(side_addr(m.sides, WAN, AF_INET)), "192.0.2.200") != 0,
	    "another name: not the old address");
	side_free(m.sides);
}

static void test_changes(void)
{
	struct machine m = {.set = {NULL, 0}};
	struct addr public_addr;
	bool changed;

	add(&m, "eth1", 2, "192.168.1.1", 24);
	start(&m, eth1, 1, "eth0", NULL);
	ok(!side_has_wan(m.sides), "the WAN is not up yet");
	is_str(way_to(&m, "198.51.100.7"), "unreachable", "so nothing leads there");
	is_str(way_to(&m, "192.168.1.10"), "LAN 192.168.1.1", "the LAN works");
	is_int(classify(&m, "198.51.100.7", 5060, "203.0.113.1", 3).side, WAN, "a stranger is WAN");
	add(&m, "eth0", 3, "203.0.113.1", 24);
	is_int(side_refresh(m.sides, &m.set, &changed), 0, "now it is");
	ok(changed, "that is a change");
	ok(!side_wan_moved(m.sides), "... but no move: there was none before");
	is_str(way_to(&m, "198.51.100.7"), "WAN 203.0.113.1", "and a way");
	is_str(way_to(&m, "2001:db8::7"), "unreachable", "there is no IPv6");
	side_refresh(m.sides, &m.set, &changed);
	ok(!changed, "the same again is none");
	addr_parse(&m.entry[1].addr, "203.0.113.2", 0);
	side_refresh(m.sides, &m.set, &changed);
	ok(changed, "a new address is");
	ok(side_wan_moved(m.sides), "... and a move");
	ok(!side_wan_moved(m.sides), "... once");
	m.entry[1].up = false;
	side_refresh(m.sides, &m.set, &changed);
	ok(changed && !side_has_wan(m.sides), "an interface that is down has none");
	ok(!side_wan_moved(m.sides), "who has none has not moved");
	m.entry[1].up = true;
	side_refresh(m.sides, &m.set, &changed);
	ok(changed && !side_wan_moved(m.sides), "nor who has the same again");
	m.entry[0].addr = at("192.168.1.2", 0);
	side_refresh(m.sides, &m.set, &changed);
	ok(changed && !side_wan_moved(m.sides), "a change on the LAN is a change");
	public_addr = at("198.51.100.77", 0);
	side_set_public(m.sides, &public_addr);
	ok(side_wan_moved(m.sides), "another name on the WAN is a move, too");
	addr_parse(&m.entry[1].addr, "203.0.113.3", 0);
	side_refresh(m.sides, &m.set, &changed);
	ok(changed && side_wan_moved(m.sides), "so is another address behind the same name");
	ok(!side_wan_moved(m.sides), "... once");
	side_free(m.sides);
}

int main(void)
{
	test_two_interfaces();
	test_one_interface();
#ifdef LINUX_EXTRAS
	test_gateway();
#endif
	test_several_lans();
	test_unknown_interface();
	test_same_name();
	test_changes();
	return tap_done();
}
