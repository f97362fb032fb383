/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Linux tells in /proc, and on the error queue of a socket. */
#include "build-config.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h> /* linux/errqueue.h wants its struct timespec */
#include <unistd.h>

#include <linux/errqueue.h>

#include "base/system.h"

/* linux/route.h, which does not go together with net/if.h everywhere */
#define ROUTE_UP      0x0001
#define ROUTE_GATEWAY 0x0002
#define ROUTE_REJECT  0x0200

/* Iface Destination Gateway Flags RefCnt Use Metric Mask ..., addresses as the host's integers. */
int linux_gateway4(FILE *routes, struct addr *gateway, char name[IF_NAMESIZE])
{
	unsigned long best = 0;
	char line[256], iface[IF_NAMESIZE];
	struct sockaddr_in in = {.sin_family = AF_INET};
	int err = ENOENT;

	while (fgets(line, sizeof(line), routes) != NULL) {
		unsigned long dest, gw, flags, metric, mask;

		if (sscanf(line, "%15s %lx %lx %lx %*d %*d %lu %lx", iface, &dest, &gw, &flags,
			&metric, &mask) != 6)
			continue;
		if (dest != 0 || mask != 0 || (flags & (ROUTE_UP | ROUTE_REJECT)) != ROUTE_UP)
			continue;
		if (err == 0 && metric >= best)
			continue;
		err = 0;
		best = metric;
		snprintf(name, IF_NAMESIZE, "%s", iface);
		memset(gateway, 0, sizeof(*gateway));
		in.sin_addr.s_addr = (in_addr_t)gw;
		if ((flags & ROUTE_GATEWAY) != 0)
			addr_set(gateway, (struct sockaddr *)&in, sizeof(in));
	}
	return err;
}

/* 32 hexadecimal digits. */
static bool read_hex_ip6(const char *hex, struct in6_addr *ip)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned byte;

		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			return false;
		ip->s6_addr[i] = (uint8_t)byte;
	}
	return true;
}

/* Destination, its length, source, its length, next hop, metric, refs, use, flags, interface. */
int linux_gateway6(FILE *routes, struct addr *gateway, char name[IF_NAMESIZE])
{
	unsigned long best = 0;
	char line[256], dest[33], hop[33], iface[IF_NAMESIZE];
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	int err = ENOENT;

	while (fgets(line, sizeof(line), routes) != NULL) {
		unsigned long flags, metric;
		unsigned len;

		if (sscanf(line, "%32s %x %*s %*x %32s %lx %*x %*x %lx %15s", dest, &len, hop,
			&metric, &flags, iface) != 6)
			continue;
		if (len != 0 || strspn(dest, "0") != 32 || strlen(hop) != 32 ||
		    (flags & (ROUTE_UP | ROUTE_REJECT)) != ROUTE_UP)
			continue;
		if (!read_hex_ip6(hop, &in6.sin6_addr) || (err == 0 && metric >= best))
			continue;
		err = 0;
		best = metric;
		snprintf(name, IF_NAMESIZE, "%s", iface);
		memset(gateway, 0, sizeof(*gateway));
		in6.sin6_scope_id = if_nametoindex(iface);
		if ((flags & ROUTE_GATEWAY) != 0)
			addr_set(gateway, (struct sockaddr *)&in6, sizeof(in6));
	}
	return err;
}

int system_default_gateway(int family, struct addr *gateway, char name[IF_NAMESIZE])
{
	FILE *f = fopen(family == AF_INET ? "/proc/net/route" : "/proc/net/ipv6_route", "re");
	int err;

	if (f == NULL)
		return ENOSYS; /* a chroot, or no IPv6 */
	if (family == AF_INET)
		err = linux_gateway4(f, gateway, name);
	else
		err = linux_gateway6(f, gateway, name);
	fclose(f);
	return err;
}

/* sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode ... */
int linux_socket_inode(FILE *sockets, unsigned port, unsigned long *inode)
{
	char line[512];

	while (fgets(line, sizeof(line), sockets) != NULL) {
		unsigned local_port;

		if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*s %*s %*s %*s %*s %*s %*s %lu",
			&local_port, inode) == 2 &&
		    local_port == port)
			return 0;
	}
	return ENOENT;
}

static bool process_holds(const char *pid, const char *socket_link)
{
	char path[64], link[64];
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
	dir = opendir(path);
	if (dir == NULL)
		return false;
	while (!found && (entry = readdir(dir)) != NULL) {
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, link, sizeof(link) - 1);

		link[n > 0 ? n : 0] = '\0';
		found = strcmp(link, socket_link) == 0;
	}
	closedir(dir);
	return found;
}

bool system_process_name(long pid, char *name, size_t size)
{
	char path[64];
	bool found;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/comm", pid);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	found = fgets(name, (int)size, f) != NULL;
	if (found)
		name[strcspn(name, "\n")] = '\0';
	fclose(f);
	return found;
}

static int find_inode(const char *table, unsigned port, unsigned long *inode)
{
	FILE *f = fopen(table, "re");
	int err = ENOENT;

	if (f != NULL) {
		err = linux_socket_inode(f, port, inode);
		fclose(f);
	}
	return err;
}

bool system_port_owner(int type, unsigned port, long *pid)
{
	unsigned long inode = 0;
	char socket_link[64];
	struct dirent *entry;
	bool found = false;
	DIR *proc = NULL;
	int err;

	/* An IPv6 socket may hold the port for IPv4 too. */
	err = find_inode(type == SOCK_STREAM ? "/proc/net/tcp" : "/proc/net/udp", port, &inode);
	if (err != 0)
		err = find_inode(type == SOCK_STREAM ? "/proc/net/tcp6" : "/proc/net/udp6", port,
		    &inode);
	if (err == 0)
		proc = opendir("/proc");
	if (proc == NULL)
		return false;
	snprintf(socket_link, sizeof(socket_link), "socket:[%lu]", inode);
	while (!found && (entry = readdir(proc)) != NULL) {
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		found = process_holds(entry->d_name, socket_link);
		if (found)
			*pid = strtol(entry->d_name, NULL, 10);
	}
	closedir(proc);
	return found;
}

/* --- the interface of a connection -------------------------------------------------------- */

/* Linux keeps where a connection's SYN came in, and tells it as it would of a datagram. */
void system_tcp_ask_ifindex(int listener, int family)
{
	int on = 1;

	if (family == AF_INET6)
		setsockopt(listener, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
	else
		setsockopt(listener, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
}

unsigned system_tcp_ifindex(int fd, int family)
{
	union {
		struct cmsghdr align;
		char bytes[256];
	} control;
	bool is6 = family == AF_INET6;
	socklen_t len = sizeof(control);
	struct msghdr msg = {.msg_control = &control};

	if (getsockopt(fd, is6 ? IPPROTO_IPV6 : IPPROTO_IP,
		is6 ? IPV6_2292PKTOPTIONS : IP_PKTOPTIONS, &control, &len) != 0)
		return 0;
	msg.msg_controllen = len;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c)) {
		struct in_pktinfo info;
		struct in6_pktinfo info6;

		if (!is6 && c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			return (unsigned)info.ipi_ifindex;
		}
		if (is6 && c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&info6, CMSG_DATA(c), sizeof(info6));
			return info6.ipi6_ifindex;
		}
	}
	return 0;
}

/* --- datagrams that came back ------------------------------------------------------------ */

int system_udp_tell_refusals(int fd, int family)
{
	int on = 1, level = family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP;
	int option = family == AF_INET6 ? IPV6_RECVERR : IP_RECVERR;

	return setsockopt(fd, level, option, &on, sizeof(on)) == 0 ? 0 : errno;
}

/* RFC 3261 18.4: unreachable counts, TTL exceeded and source quench do not; nor does "too big". */
static bool is_refusal(const struct cmsghdr *c)
{
	struct sock_extended_err e;

	if (!(c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) &&
	    !(c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR))
		return false;
	memcpy(&e, CMSG_DATA(c), sizeof(e));
	if (e.ee_origin == SO_EE_ORIGIN_ICMP)
		return e.ee_type == 3 && e.ee_code != 4;
	return e.ee_origin == SO_EE_ORIGIN_ICMP6 && e.ee_type == 1;
}

int system_udp_refused(int fd, void *data, size_t size, size_t *len, struct addr *dest)
{
	union {
		struct cmsghdr align;
		char bytes[512]; /* the error, who sent it, and what was asked for with datagrams */
	} control;
	struct sockaddr_storage to;
	struct iovec iov = {.iov_base = data, .iov_len = size};
	struct msghdr msg = {.msg_name = &to,
	    .msg_namelen = sizeof(to),
	    .msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = sizeof(control.bytes)};
	ssize_t n = recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT);

	if (n < 0)
		return errno == EWOULDBLOCK ? EAGAIN : errno;
	*len = (size_t)n;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c))
		if (is_refusal(c))
			return addr_set(dest, (struct sockaddr *)&to, msg.msg_namelen);
	return ENOMSG;
}
