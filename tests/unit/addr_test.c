/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/addr.h"

#include <arpa/inet.h>
#include <errno.h>

#include "tap.h"

static struct addr A(const char *ip, uint16_t port) {
	struct addr a;

	if (addr_parse(&a, ip, port) != 0)
		printf("# no address: %s\n", ip);
	return a;
}

static void
test_parse(void)
{
	static const char *const good[][2] = {
	    {"192.0.2.1", "192.0.2.1:5060"},
	    {"2001:db8::1", "[2001:db8::1]:5060"},
	    {"[2001:DB8::1]", "[2001:db8::1]:5060"},
	    {"::ffff:192.0.2.9", "192.0.2.9:5060"},
	    {"[::ffff:192.0.2.9]", "192.0.2.9:5060"},
	    {"::", "[::]:5060"},
	    {"fe80::1%lo", "[fe80::1%lo]:5060"},
	    {"fe80::1%4000000000", "[fe80::1%4000000000]:5060"},
	};
	static const char *const bad[] = {"", "[]", "[", "]", "[::1", "::1]", "[192.0.2.1]",
	    "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4 ", " 1.2.3.4", "0x7f.1", "example.com",
	    "::1%", "2001:db8::1%lo", "fe80::1%nosuchif", "fe80::1%0", "fe80::1%99999999999", "1:2",
	    "%lo",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	char text[ADDR_TEXT_MAX];
	struct addr a;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		is_int(addr_parse(&a, good[i][0], 5060), 0, good[i][0]);
		is_str(addr_format(&a, text), good[i][1], "... and back");
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		is_int(addr_parse(&a, bad[i], 1), EINVAL, bad[i]);
		ok(!addr_is_set(&a), "... leaves the address unset");
	}
	is_int(addr_parse_n(&a, "10.0.0.1;x", 8, 7), 0, "only the bytes that are given are read");
	is_str(addr_format(&a, text), "10.0.0.1:7", "... and understood");
	is_int(addr_parse_n(&a, "10.0.0.1\0", 9, 7), EINVAL, "a NUL is no part of an address");
}

static void test_format(void)
{
	struct addr a = A("2001:db8::1", 99), none = {.u.sa.sa_family = AF_UNSPEC};
	struct addr longest = A("fe80:1111:2222:3333:4444:5555:6666:7777", 65535);
	char text[ADDR_TEXT_MAX];

	is_str(addr_format_ip(&a, text), "2001:db8::1", "the IP as SDP writes it");
	is_str(addr_format_host(&a, text), "[2001:db8::1]", "the host as SIP writes it");
	a = A("192.0.2.1", 1);
	is_str(addr_format_host(&a, text), "192.0.2.1", "an IPv4 host has no brackets");
	is_str(addr_format(&none, text), "(none)", "an unset address");
	is_str(addr_format_host(&none, text), "(none)", "an unset host");
	longest.u.in6.sin6_scope_id = UINT32_MAX;
	is_str(addr_format(&longest, text),
	    "[fe80:1111:2222:3333:4444:5555:6666:7777%4294967295]:65535", "the longest text fits");
	is_str(addr_format_ip(&longest, text), "fe80:1111:2222:3333:4444:5555:6666:7777",
	    "a zone is never shown to the network");
}

static void test_set(void)
{
	struct sockaddr_storage ss = {.ss_family = AF_UNIX};
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(4)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_flowinfo = 77};
	char text[ADDR_TEXT_MAX];
	struct addr a, b;

	is_int(addr_set(&a, (struct sockaddr *)&ss, sizeof(ss)), EAFNOSUPPORT, "a UNIX address");
	in.sin_addr.s_addr = htonl(0x01020304);
	is_int(addr_set(&a, (struct sockaddr *)&in, sizeof(in)), 0, "an IPv4 address");
	is_str(addr_format(&a, text), "1.2.3.4:4", "... its text");
	is_int(addr_set(&a, (struct sockaddr *)&in, 4), EAFNOSUPPORT, "one that is cut short");
	is_int(addr_set(&a, NULL, 0), EAFNOSUPPORT, "none at all");
	inet_pton(AF_INET6, "::ffff:10.1.2.3", &in6.sin6_addr);
	in6.sin6_port = htons(9);
	is_int(addr_set(&a, (struct sockaddr *)&in6, sizeof(in6)), 0, "a mapped address");
	is_int(addr_family(&a), AF_INET, "... is IPv4");
	is_str(addr_format(&a, text), "10.1.2.3:9", "... with its port");
	inet_pton(AF_INET6, "2001:db8::5", &in6.sin6_addr);
	addr_set(&a, (struct sockaddr *)&in6, sizeof(in6));
	b = A("2001:db8::5", 9);
	ok(addr_equal(&a, &b), "a flow label makes no other address");
	ok(memcmp(&a, &b, sizeof(a)) == 0, "... nor is it kept");
}

static void test_any(void)
{
	struct addr a;

	addr_any(&a, AF_INET, 5060);
	ok(addr_is_any(&a) && addr_port(&a) == 5060, "the wildcard address keeps its port");
	is_int(addr_len(&a), sizeof(struct sockaddr_in), "its length");
	addr_any(&a, AF_INET6, 5061);
	ok(addr_is_any(&a) && addr_port(&a) == 5061, "IPv6's too");
	is_int(addr_len(&a), sizeof(struct sockaddr_in6), "its length");
	a = A("::1", 0);
	ok(!addr_is_any(&a), "::1 is not the wildcard");
}

static void test_equal(void)
{
	struct addr a = A("192.0.2.1", 1), b = A("192.0.2.1", 2), c = A("192.0.2.2", 1);
	struct addr v6 = A("::1", 1), zone0 = A("fe80::1", 1), zone1 = zone0, zone2 = zone0;
	struct addr none = {.u.sa.sa_family = AF_UNSPEC};
	uint8_t key[16] = {1};

	ok(addr_equal_ip(&a, &b) && !addr_equal(&a, &b), "ports differ");
	ok(!addr_equal_ip(&a, &c), "addresses differ");
	ok(!addr_equal(&a, &v6) && !addr_equal(&a, &none), "families differ");
	ok(addr_equal(&none, &none), "unset equals unset");
	zone1.u.in6.sin6_scope_id = 1;
	zone2.u.in6.sin6_scope_id = 2;
	ok(!addr_equal(&zone1, &zone2), "zones differ");
	ok(addr_equal(&zone1, &zone0) && addr_equal(&zone0, &zone2), "an unknown zone");
	ok(addr_hash(&zone1, key, true) == addr_hash(&zone0, key, true), "... hashes alike");
	ok(addr_hash(&a, key, false) == addr_hash(&b, key, false), "hash without the port");
	ok(addr_hash(&a, key, true) != addr_hash(&b, key, true), "hash with the port");
	ok(addr_hash(&a, key, false) != addr_hash(&c, key, false), "hash of another IP");
	addr_set_port(&b, 1);
	ok(addr_equal(&a, &b), "the port can be set");
}

static bool in(const char *ip, const char *net, unsigned len)
{
	struct addr a = A(ip, 0), n = A(net, 0);

	return addr_in_prefix(&a, &n, len);
}

static void test_prefix(void)
{
	ok(in("10.1.2.3", "10.0.0.0", 8), "10/8");
	ok(!in("11.1.2.3", "10.0.0.0", 8), "not 10/8");
	ok(in("192.168.1.255", "192.168.1.128", 25), "a length that ends inside a byte");
	ok(!in("192.168.1.127", "192.168.1.128", 25), "... on its other side");
	ok(in("1.2.3.4", "9.9.9.9", 0), "/0 is everybody of that family");
	ok(!in("::1", "9.9.9.9", 0), "... and nobody of the other");
	ok(in("1.2.3.4", "1.2.3.4", 32) && !in("1.2.3.5", "1.2.3.4", 32), "/32");
	ok(!in("1.2.3.5", "1.2.3.4", 64), "too long a length means the host");
	ok(in("2001:db8:0:1::5", "2001:db8::", 32), "IPv6");
	ok(!in("2001:db9::5", "2001:db8::", 32), "IPv6, outside");
	ok(in("2001:db8::8000:5", "2001:db8::8000:0", 113), "IPv6, inside a byte");
	ok(in("::1", "::1", 128) && !in("::2", "::1", 128), "/128");
}

static void test_kinds(void)
{
	static const char *const private_ips[] = {"10.0.0.1", "172.16.0.1", "172.31.255.255",
	    "192.168.0.1", "100.64.0.1", "100.127.255.255", "169.254.3.4", "127.0.0.1", "0.0.0.0",
	    "::", "::1", "fe80::1", "fc00::1", "fdff::1", "::ffff:10.0.0.1"};
	static const char *const public_ips[] = {"9.255.255.255", "11.0.0.0", "172.15.255.255",
	    "172.32.0.0", "192.167.255.255", "192.169.0.0", "100.63.255.255", "100.128.0.0",
	    "169.253.0.1", "128.0.0.1", "2001:db8::1", "fbff::1", "fe00::1", "::ffff:8.8.8.8"};
	struct addr a;

	for (size_t i = 0; i < sizeof(private_ips) / sizeof(private_ips[0]); i++) {
		a = A(private_ips[i], 0);
		ok(addr_is_private(&a), private_ips[i]);
	}
	for (size_t i = 0; i < sizeof(public_ips) / sizeof(public_ips[0]); i++) {
		a = A(public_ips[i], 0);
		ok(!addr_is_private(&a), public_ips[i]);
	}
	a = A("127.255.0.1", 0);
	ok(addr_is_loopback(&a) && !addr_is_multicast(&a), "all of 127/8 is loopback");
	a = A("224.0.0.1", 0);
	ok(addr_is_multicast(&a) && !addr_is_loopback(&a), "multicast");
	a = A("239.255.255.255", 0);
	ok(addr_is_multicast(&a), "multicast's end");
	a = A("240.0.0.0", 0);
	ok(!addr_is_multicast(&a), "beyond multicast");
	a = A("255.255.255.255", 0);
	ok(addr_is_multicast(&a), "broadcast");
	a = A("ff02::1", 0);
	ok(addr_is_multicast(&a), "IPv6 multicast");
	a = A("::1", 0);
	ok(addr_is_loopback(&a), "IPv6 loopback");
}

/* Digits and dots of all kinds, in all lengths: what inet_pton() takes we take, and the same way.
 */
static void test_ip4_like_the_system(void)
{
	static const char chars[] = "0123456789...12259 a:";
	unsigned state = 1, taken = 0, differ = 0;
	char text[20], again[ADDR_TEXT_MAX];

	for (unsigned i = 0; i < 300000; i++) {
		unsigned len = 0;
		struct in_addr ip;
		struct addr a;
		bool theirs, ours;

		for (unsigned n = 0; n < 4 && len < 12; n++) {
			state = state * 1103515245u + 12345u;
			if ((state >> 16) % 16)
				len += (unsigned)snprintf(text + len, sizeof(text) - len, "%s%u",
				    n ? "." : "", (state >> 16) % 300);
			else
				text[len++] = chars[(state >> 24) % (sizeof(chars) - 1)];
		}
		text[len] = '\0';
		theirs = inet_pton(AF_INET, text, &ip) == 1;
		ours = addr_parse(&a, text, 0) == 0 && addr_family(&a) == AF_INET;
		taken += theirs;
		differ += theirs != ours || (ours && a.u.in.sin_addr.s_addr != ip.s_addr) ||
		    (ours && strcmp(addr_format_ip(&a, again), text) != 0);
	}
	ok(taken > 10000, "many of them are addresses");
	is_int(differ, 0, "and are read and written as the system would");
}

static void test_ports(void)
{
	char want[ADDR_TEXT_MAX], got[ADDR_TEXT_MAX];
	unsigned differ = 0;

	for (unsigned port = 0; port <= 65535; port++) {
		struct addr a = A("192.0.2.255", (uint16_t)port);

		snprintf(want, sizeof(want), "192.0.2.255:%u", port);
		differ += strcmp(addr_format(&a, got), want) != 0;
	}
	is_int(differ, 0, "each port is written as a number");
}

int main(void)
{
	test_parse();
	test_format();
	test_set();
	test_any();
	test_equal();
	test_prefix();
	test_kinds();
	test_ip4_like_the_system();
	test_ports();
	return tap_done();
}
