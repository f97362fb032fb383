/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/udp.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tap.h"

static struct addr A(const char *ip, uint16_t port) {
	struct addr a;

	addr_parse(&a, ip, port);
	return a;
}

static uint16_t
port_of(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct addr a;

	getsockname(fd, (struct sockaddr *)&ss, &len);
	addr_set(&a, (struct sockaddr *)&ss, len);
	return addr_port(&a);
}

/* Loopback delivers at once on most systems, soon on all. */
static int recv_soon(int fd, char *data, size_t size, size_t *len, struct udp_from *from)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	poll(&p, 1, 5000);
	return udp_recv(fd, data, size, len, from);
}

static int recv_dscp_soon(int fd, char *data, size_t size, size_t *len, int *dscp)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	struct addr peer;

	poll(&p, 1, 5000);
	return udp_recv_dscp(fd, data, size, len, &peer, dscp);
}

static void test_family(int family, const char *ip, const char *other_ip)
{
	int a, b, exact, tos = 0, option = family == AF_INET ? IP_TOS : IPV6_TCLASS;
	int level = family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	socklen_t tos_len = sizeof(tos);
	int dscp;
	struct addr to, local, seen;
	struct udp_from from;
	char data[64];
	size_t len;

	if (udp_open_any(family, 0, &a) != 0 || udp_open_any(family, 0, &b) != 0) {
		ok(family == AF_INET6, "this machine has no IPv6 # SKIP");
		return;
	}
	is_int(udp_open_any(family, port_of(a), &exact), EADDRINUSE, "a port is taken once");
	is_int(exact, -1, "... and no descriptor remains");
	is_int(udp_recv(a, data, sizeof(data), &len, &from), EAGAIN, "nothing there");

	to = A(ip, port_of(b));
	local = A(other_ip, 9);
	is_int(udp_send(a, "hello", 5, &local, &to), 0, "sent");
	is_int(recv_soon(b, data, sizeof(data), &len, &from), 0, "received");
	ok(len == 5 && memcmp(data, "hello", 5) == 0, "its bytes");
	seen = A(other_ip, port_of(a));
	ok(addr_equal(&from.peer, &seen), "it comes from the address that the sender named");
	ok(addr_equal_ip(&from.local, &to), "the local address is the one that it was sent to");
	ok(family == AF_INET || from.ifindex != 0, "the interface is known");

	to = A(other_ip, port_of(b));
	is_int(udp_send(a, "x", 1, NULL, &to), 0, "sent from where the kernel likes");
	recv_soon(b, data, sizeof(data), &len, &from);
	ok(addr_equal_ip(&from.local, &to), "another local address is told too");

	is_int(udp_send(a, NULL, 0, NULL, &to), 0, "an empty datagram");
	is_int(recv_soon(b, data, sizeof(data), &len, &from), 0, "... arrives");
	is_int((long long)len, 0, "... empty");
	udp_send(a, "0123456789", 10, NULL, &to);
	is_int(recv_soon(b, data, 4, &len, &from), EMSGSIZE, "one that does not fit");
	ok(addr_is_set(&from.peer) && len == 4, "... tells its sender all the same");
	is_int(udp_recv(b, data, sizeof(data), &len, &from), EAGAIN, "... and is gone");

	local = A(family == AF_INET ? "::1" : "127.0.0.1", 0);
	is_int(udp_send(a, "x", 1, &local, &to), EAFNOSUPPORT, "families do not mix");
	memset(&local, 0, sizeof(local));
	is_int(udp_send(a, "x", 1, NULL, &local), EDESTADDRREQ, "no destination");
	local = A(family == AF_INET ? "192.0.2.1" : "2001:db8::1", 0);
	ok(udp_send(a, "x", 1, &local, &to) != 0, "from an address that is not ours");

	local = A(ip, 0);
	is_int(udp_open(&local, &exact), 0, "a socket on one address");
	to = A(ip, port_of(exact));
	udp_send(a, "y", 1, NULL, &to);
	is_int(recv_soon(exact, data, sizeof(data), &len, &from), 0, "... receives");
	ok(addr_equal_ip(&from.local, &to), "... and knows its local address");

	is_int(udp_set_dscp(a, family, 46), 0, "DSCP");
	getsockopt(a, level, option, &tos, &tos_len);
	is_int(tos & 0xfc, 46 << 2, "... is set");
	is_int(udp_tell_dscp(exact, family), 0, "a socket that is told the mark");
	udp_send(a, "z", 1, NULL, &to);
	is_int(recv_dscp_soon(exact, data, sizeof(data), &len, &dscp), 0, "... receives");
	ok(len == 1 && data[0] == 'z', "... what was sent");
	is_int(dscp, 46, "... and its mark");
	is_int(udp_set_dscp(a, family, 64), EINVAL, "... has six bits");
	is_int(udp_set_dscp(a, family, -1), EINVAL, "... and no sign");
	close(a);
	close(b);
	close(exact);
}

static void test_both_families(void)
{
	int in, in6;

	if (udp_open_any(AF_INET, 0, &in) != 0)
		return;
	if (udp_open_any(AF_INET6, port_of(in), &in6) == 0) {
		ok(true, "one port number serves both families");
		close(in6);
	}
	close(in);
}

/* A connected socket is where ICMP errors are reported on every system. */
static void test_refused(void)
{
	struct addr local = A("127.0.0.1", 0), dead, to;
	int sender, gone, peer;
	struct udp_from from;
	char data[8];
	size_t len;

	udp_open(&local, &gone);
	dead = A("127.0.0.1", port_of(gone));
	close(gone);
	udp_open(&local, &sender);
	udp_open(&local, &peer);
	to = A("127.0.0.1", port_of(peer));
	connect(sender, &dead.u.sa, addr_len(&dead));
	udp_send(sender, "x", 1, NULL, &dead);
	is_int(udp_send(sender, "x", 1, NULL, &to), 0,
	    "an old refusal does not fail another datagram");
	udp_send(sender, "x", 1, NULL, &dead);
	is_int(udp_recv(sender, data, sizeof(data), &len, &from), EAGAIN, "... nor the reader");
	close(sender);
	close(peer);
}

/* Nobody is there any more: the machine says so, and what it speaks of comes with it. */
static void test_told_refusal(void)
{
	int fd, gone, err = EAGAIN;
	struct addr here = A("127.0.0.1", 0), dest, told;
	struct udp_from from;
	char data[64];
	size_t len;

	if (udp_open_any(AF_INET, 0, &fd) != 0 || udp_open(&here, &gone) != 0) {
		ok(false, "sockets");
		return;
	}
	if (udp_tell_refusals(fd, AF_INET) != 0) {
		is_int(udp_refused(fd, data, sizeof(data), &len, &told), EAGAIN,
		    "a system that does not tell of refusals has none");
		close(gone);
		close(fd);
		return;
	}
	is_int(udp_refused(fd, data, sizeof(data), &len, &told), EAGAIN, "nothing was refused");
	dest = A("127.0.0.1", port_of(gone));
	close(gone);
	is_int(udp_send(fd, "anybody?", 8, NULL, &dest), 0, "sent to nobody");
	for (int i = 0; i < 500 && err != 0; i++) {
		struct pollfd p = {.fd = fd, .events = POLLIN};

		poll(&p, 1, 10);
		err = udp_refused(fd, data, sizeof(data), &len, &told);
	}
	is_int(err, 0, "it comes back");
	ok(addr_equal(&told, &dest), "... with where it went");
	ok(len == 8 && memcmp(data, "anybody?", 8) == 0, "... and what it was");
	is_int(udp_refused(fd, data, sizeof(data), &len, &told), EAGAIN, "once");
	is_int(udp_recv(fd, data, sizeof(data), &len, &from), EAGAIN, "it is no datagram");
	is_int(udp_send(fd, "x", 1, NULL, &dest), 0, "nor does it spoil what is sent next");
	close(fd);
}

/* How many of `sent` datagrams wait in a socket that nobody reads meanwhile. */
static unsigned kept(int room, unsigned sent)
{
	char data[800] = {0};
	struct udp_from from;
	struct addr to;
	unsigned n = 0;
	size_t len;
	int in, out;

	if (udp_open_any(AF_INET, 0, &in) != 0 || udp_open_any(AF_INET, 0, &out) != 0)
		return 0;
	if (room)
		udp_set_room(in, room);
	to = A("127.0.0.1", port_of(in));
	for (unsigned i = 0; i < sent; i++)
		udp_send(out, data, sizeof(data), NULL, &to);
	if (recv_soon(in, data, sizeof(data), &len, &from) == 0)
		for (n = 1; udp_recv(in, data, sizeof(data), &len, &from) == 0;)
			n++;
	close(in);
	close(out);
	return n;
}

/* How much a system gives is its own affair, but it must be what was asked for, or more than that
 * which it gives by itself. */
static void test_room(void)
{
	unsigned by_itself = kept(0, 1000), with_room = kept(2 * 1024 * 1024, 1000);

	ok(kept(4096, 1000) < with_room, "a socket with little room keeps less than one with much");
	ok(with_room >= by_itself, "room that was asked for is no less than without");
	if (geteuid() != 0 || with_room < 1000)
		ok(true,
		    "a thousand datagrams wait # SKIP not for this user, or not on this system");
	else
		is_int(with_room, 1000, "a thousand datagrams wait until they are read");
}

int main(void)
{
	test_family(AF_INET, "127.0.0.1", "127.0.0.2");
	test_family(AF_INET6, "::1", "::1");
	test_both_families();
	test_refused();
	test_told_refusal();
	test_room();
	return tap_done();
}
