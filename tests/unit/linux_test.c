/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/system.h"
#include "base/tcp.h"
#include "base/udp.h"
#include "tap.h"

#include <unistd.h>

static FILE *open_text(const char *text)
{
	FILE *f = tmpfile();

	if (f == NULL)
		exit(99);
	fputs(text, f);
	rewind(f);
	return f;
}

/* The kernel prints IPv4 addresses as integers of the host: made here, so that any host passes. */
static const char *route4(const char *dest, const char *gateway, unsigned flags, int metric,
    const char *mask, const char *iface)
{
	static char text[256];
	struct addr d, g, m;

	addr_parse(&d, dest, 0);
	addr_parse(&g, gateway, 0);
	addr_parse(&m, mask, 0);
	snprintf(text, sizeof(text), "%s\t%08X\t%08X\t%04X\t0\t0\t%d\t%08X\t0\t0\t0\n", iface,
	    d.u.in.sin_addr.s_addr, g.u.in.sin_addr.s_addr, flags, metric, m.u.in.sin_addr.s_addr);
	return text;
}

static int gateway4(const char *text, struct addr *gateway, char *name)
{
	FILE *f = open_text(text);
	int err;

	memset(gateway, 0, sizeof(*gateway));
	err = linux_gateway4(f, gateway, name);
	fclose(f);
	return err;
}

static void test_gateway4(void)
{
	char text[2048] = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n";
	char name[IF_NAMESIZE], ip[ADDR_TEXT_MAX];
	struct addr gw;

	strcat(text, route4("10.0.0.0", "0.0.0.0", 1, 0, "255.0.0.0", "lan0"));
	strcat(text, route4("0.0.0.0", "10.0.0.9", 3, 0, "128.0.0.0", "tun0"));
	strcat(text, route4("0.0.0.0", "10.0.0.9", 2, 0, "0.0.0.0", "down0"));
	is_int(gateway4(text, &gw, name), ENOENT, "no default route");
	strcat(text, route4("0.0.0.0", "192.0.2.9", 3, 600, "0.0.0.0", "wlan0"));
	strcat(text, route4("0.0.0.0", "192.0.2.1", 3, 100, "0.0.0.0", "wan0"));
	strcat(text, route4("0.0.0.0", "192.0.2.5", 3, 200, "0.0.0.0", "lte0"));
	is_int(gateway4(text, &gw, name), 0, "default routes");
	is_str(addr_format_ip(&gw, ip), "192.0.2.1", "the lowest metric wins");
	is_str(name, "wan0", "... and tells its interface");
	strcat(text, route4("0.0.0.0", "0.0.0.0", 1, 0, "0.0.0.0", "ppp0"));
	is_int(gateway4(text, &gw, name), 0, "a point-to-point default route");
	ok(!addr_is_set(&gw) && strcmp(name, "ppp0") == 0, "has an interface and no gateway");
	is_int(gateway4("garbage\n\n", &gw, name), ENOENT, "garbage");
}

#define IP6_ZERO "00000000000000000000000000000000"
#define IP6_FE80 "fe800000000000000000000000000001"
#define IP6_GLOB "20010db8000000000000000000000001"

static void test_gateway6(void)
{
	static const char text[] = //
	    IP6_GLOB
	    " 40 " IP6_ZERO " 00 " IP6_ZERO " 00000001 00000000 00000000 00000001 lo\n" IP6_ZERO
	    " 00 " IP6_ZERO " 00 " IP6_GLOB " 00000800 00000000 00000000 00000003 lo\n" IP6_ZERO
	    " 00 " IP6_ZERO " 00 " IP6_FE80 " 00000400 00000000 00000000 00000003 lo\n" IP6_ZERO
	    " 00 " IP6_ZERO " 00 " IP6_ZERO " ffffffff 00000001 00000000 00200200 lo\n";
	FILE *f = open_text(text);
	char name[IF_NAMESIZE], ip[ADDR_TEXT_MAX];
	struct addr gw;

	is_int(linux_gateway6(f, &gw, name), 0, "IPv6 default routes");
	is_str(addr_format(&gw, ip), "[fe80::1%lo]:0", "the lowest metric, with its zone");
	is_str(name, "lo", "... and its interface");
	fclose(f);
	f = open_text(
	    IP6_ZERO " 00 " IP6_ZERO " 00 " IP6_ZERO " ffffffff 00000001 0 00200201 lo\n");
	is_int(linux_gateway6(f, &gw, name), ENOENT, "an unreachable route is none");
	fclose(f);
}

static void test_inode(void)
{
	static const char text[] =
	    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
	    "timeout inode ref pointer drops\n"
	    " 1234: 0100007F:13C4 00000000:0000 07 00000000:00000000 00:00000000 00000000     0 "
	    "       0 3344 2 0000000000000000 0\n"
	    "12345: 00000000000000000000000000000000:1B9E 00000000000000000000000000000000:0000 07 "
	    "00000000:00000000 00:00000000 00000000  1000        0 77 2 0000000000000000 0\n";
	FILE *f = open_text(text);
	unsigned long inode = 0;

	is_int(linux_socket_inode(f, 5060, &inode), 0, "a socket's port");
	is_int((long long)inode, 3344, "... leads to its inode");
	rewind(f);
	is_int(linux_socket_inode(f, 7070, &inode), 0, "an IPv6 socket's");
	is_int((long long)inode, 77, "... too");
	rewind(f);
	is_int(linux_socket_inode(f, 7071, &inode), ENOENT, "a port nobody has");
	fclose(f);
}

static void test_port_owner(void)
{
	struct sockaddr_in in;
	socklen_t len = sizeof(in);
	long pid = 0;
	int fd;

	if (udp_open_any(AF_INET, 0, &fd) != 0 ||
	    getsockname(fd, (struct sockaddr *)&in, &len) != 0)
		return;
	ok(system_port_owner(SOCK_DGRAM, ntohs(in.sin_port), &pid), "who has our port");
	is_int(pid, getpid(), "we have");
	close(fd);
	ok(!system_port_owner(SOCK_DGRAM, ntohs(in.sin_port), &pid), "now nobody has");
}

static void test_tcp_port_owner(void)
{
	struct sockaddr_in in;
	socklen_t len = sizeof(in);
	long pid = 0;
	int fd;

	if (tcp_listen_any(AF_INET, 0, &fd) != 0 ||
	    getsockname(fd, (struct sockaddr *)&in, &len) != 0)
		return;
	ok(system_port_owner(SOCK_STREAM, ntohs(in.sin_port), &pid), "TCP's port");
	is_int(pid, getpid(), "... is ours, too");
	close(fd);
}

static void test_process_name(void)
{
	char name[32] = "";

	ok(system_process_name(getpid(), name, sizeof(name)), "a process has a name");
	is_str(name, "linux_test", "... this one");
	ok(!system_process_name(0x7fffffff, name, sizeof(name)), "one that does not live has none");
}

/* Where a connection comes in: it decides who is on the LAN. */
static void test_tcp_ifindex(int family, const char *ip)
{
	struct sockaddr_storage bound;
	socklen_t len = sizeof(bound);
	struct udp_from near_end, far_end;
	struct addr to, any;
	int listener, fd, accepted = -1;

	addr_parse(&to, ip, 0);
	if (tcp_listen_any(family, 0, &listener) != 0)
		return;
	if (getsockname(listener, (struct sockaddr *)&bound, &len) == 0 &&
	    addr_set(&any, (struct sockaddr *)&bound, len) == 0)
		addr_set_port(&to, addr_port(&any));
	if (tcp_connect(&to, NULL, &fd, &near_end) == 0) {
		for (int i = 0; i < 60000 && tcp_accept(listener, &accepted, &far_end) != 0; i++)
			usleep(1000);
		is_int(far_end.ifindex, if_nametoindex("lo"), ip);
		close(accepted);
		close(fd);
	}
	close(listener);
}

int main(void)
{
	test_gateway4();
	test_gateway6();
	test_inode();
	test_port_owner();
	test_tcp_port_owner();
	test_process_name();
	test_tcp_ifindex(AF_INET, "127.0.0.1");
	test_tcp_ifindex(AF_INET6, "::1");
	return tap_done();
}
