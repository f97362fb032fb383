/* SPDX-License-Identifier: GPL-2.0-or-later */
/* macOS hides the options of RFC 3542 unless they are asked for. */
#define __APPLE_USE_RFC_3542
#include "build-config.h"

#include "base/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/system.h"

/*
 * How a system tells and takes an IPv4 datagram's local address: Linux, illumos and macOS with a
 * struct in_pktinfo, the BSDs with a bare address.
 */
#if defined(IP_PKTINFO)
#define RECV4_OPTION IP_PKTINFO
#define RECV4_CMSG   IP_PKTINFO
#define SEND4_CMSG   IP_PKTINFO
typedef struct in_pktinfo local4;
#define LOCAL4_INDEX(info) ((unsigned)(info)->ipi_ifindex)
#define LOCAL4_RECV(info)  (&(info)->ipi_addr)
#define LOCAL4_SEND(info)  (&(info)->ipi_spec_dst)
#elif defined(IP_RECVDSTADDR)
#define RECV4_OPTION IP_RECVDSTADDR
#define RECV4_CMSG   IP_RECVDSTADDR
#ifdef IP_SENDSRCADDR
#define SEND4_CMSG IP_SENDSRCADDR
#else
#define SEND4_CMSG IP_RECVDSTADDR
#endif
typedef struct in_addr local4;
#define LOCAL4_INDEX(info) 0u
#define LOCAL4_RECV(info)  (info)
#define LOCAL4_SEND(info)  (info)
#else
#error "This system cannot tell a datagram's local address (IP_PKTINFO or IP_RECVDSTADDR)"
#endif

/* Room for what we ask for, aligned as the kernel wants it. */
union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(local4)) + CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

/* How it tells an IPv4 datagram's TOS: one byte, in a message that Linux calls like the option of
 * the socket, and the BSDs like the question. */
#ifdef __linux__
#define TOS4_CMSG IP_TOS
#else
#define TOS4_CMSG IP_RECVTOS
#endif

static int set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) == 0 ? 0 : errno;
}

/* A SIP message over UDP may be larger than the path allows: let it be cut and not be lost. */
static void allow_fragments(int fd, int family)
{
#ifdef IP_PMTUDISC_DONT
	if (family == AF_INET)
		set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
#endif
#ifdef IPV6_PMTUDISC_DONT
	if (family == AF_INET6)
		set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
#endif
	(void)fd;
	(void)family;
}

static int ask_for_local(int fd, int family)
{
	if (family == AF_INET6)
		return set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	return set_int(fd, IPPROTO_IP, RECV4_OPTION, 1);
}

static int open_bound(const struct addr *local, bool tell_local, int *fd)
{
	int family = addr_family(local);
	int err = fd_socket(family, SOCK_DGRAM, fd);

	if (err != 0)
		return err;
	if (family == AF_INET6)
		err = set_int(*fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (err == 0 && tell_local)
		err = ask_for_local(*fd, family);
	allow_fragments(*fd, family);
	if (err == 0 && bind(*fd, &local->u.sa, addr_len(local)) != 0)
		err = errno;
	if (err != 0)
		fd_close(fd);
	return err;
}

int udp_open_any(int family, uint16_t port, int *fd)
{
	struct addr any;

	addr_any(&any, family, port);
	return open_bound(&any, true, fd);
}

int udp_open(const struct addr *local, int *fd)
{
	return open_bound(local, false, fd);
}

#ifdef LINUX_EXTRAS
/* Linux looks at SO_REUSEADDR of both sockets when the second one is bound, and never again; and it
 * gives a datagram to the connected one of two. */
int udp_open_twin(int fd, const struct addr *local, const struct addr *peer, int *twin)
{
	int family = addr_family(local);
	int err = fd_socket(family, SOCK_DGRAM, twin);

	if (err != 0)
		return err;
	if (family == AF_INET6)
		err = set_int(*twin, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	allow_fragments(*twin, family);
	set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	set_int(*twin, SOL_SOCKET, SO_REUSEADDR, 1);
	if (err == 0 && bind(*twin, &local->u.sa, addr_len(local)) != 0)
		err = errno;
	set_int(*twin, SOL_SOCKET, SO_REUSEADDR, 0);
	set_int(fd, SOL_SOCKET, SO_REUSEADDR, 0);
	if (err == 0 && connect(*twin, &peer->u.sa, addr_len(peer)) != 0)
		err = errno;
	if (err != 0)
		fd_close(twin);
	return err;
}
#else
int udp_open_twin(int fd, const struct addr *local, const struct addr *peer, int *twin)
{
	(void)fd;
	(void)local;
	(void)peer;
	*twin = -1;
	return ENOTSUP;
}
#endif

/* Errors that an ICMP message about an earlier datagram left on the socket. */
static bool is_old_icmp(int err)
{
	return err == ECONNREFUSED || err == ECONNRESET || err == EHOSTUNREACH ||
	    err == ENETUNREACH || err == EHOSTDOWN || err == ENOPROTOOPT || err == EPROTO ||
	    err == EOPNOTSUPP || err == EACCES;
}

/* The datagram's own destination, where the system told it. */
static void read_local(struct msghdr *msg, struct udp_from *from)
{
	struct cmsghdr *c;
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct in6_pktinfo info6;
	local4 info4;

	for (c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&info6, CMSG_DATA(c), sizeof(info6));
			in6.sin6_addr = info6.ipi6_addr;
			in6.sin6_scope_id = (uint32_t)info6.ipi6_ifindex;
			from->ifindex = (unsigned)info6.ipi6_ifindex;
			addr_set(&from->local, (struct sockaddr *)&in6, sizeof(in6));
		} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == RECV4_CMSG) {
			memcpy(&info4, CMSG_DATA(c), sizeof(info4));
			in.sin_addr = *LOCAL4_RECV(&info4);
			from->ifindex = LOCAL4_INDEX(&info4);
			addr_set(&from->local, (struct sockaddr *)&in, sizeof(in));
		}
	}
}

/* A system that tells nothing with the packet: at least what the socket is bound to. */
static void ask_local(int fd, struct addr *out)
{
	struct sockaddr_storage local;
	socklen_t len = sizeof(local);

	if (getsockname(fd, (struct sockaddr *)&local, &len) == 0 &&
	    addr_set(out, (struct sockaddr *)&local, len) == 0)
		addr_set_port(out, 0);
}

static ssize_t receive(int fd, struct msghdr *msg)
{
	socklen_t name_len = msg->msg_namelen, control_len = msg->msg_controllen;
	bool retried = false;
	ssize_t n;

	for (;;) {
		msg->msg_namelen = name_len;
		msg->msg_controllen = control_len;
		n = recvmsg(fd, msg, 0);
		if (n >= 0 || errno == EAGAIN)
			return n;
		if (is_old_icmp(errno) && !retried)
			retried = true;
		else if (errno != EINTR)
			return n;
	}
}

int udp_recv(int fd, void *data, size_t size, size_t *len, struct udp_from *from)
{
	union control control;
	struct sockaddr_storage peer;
	struct iovec iov = {.iov_base = data, .iov_len = size};
	struct msghdr msg = {.msg_name = &peer,
	    .msg_namelen = sizeof(peer),
	    .msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = sizeof(control.bytes)};
	ssize_t n = receive(fd, &msg);
	int err;

	*len = 0;
	memset(from, 0, sizeof(*from));
	if (n < 0)
		return errno == EWOULDBLOCK || is_old_icmp(errno) ? EAGAIN : errno;
	err = addr_set(&from->peer, (struct sockaddr *)&peer, msg.msg_namelen);
	if (err != 0)
		return err;
	read_local(&msg, from);
	if (!addr_is_set(&from->local))
		ask_local(fd, &from->local);
	*len = (size_t)n;
	return (msg.msg_flags & MSG_TRUNC) != 0 ? EMSGSIZE : 0;
}

/* Writes one control message that names the address to send from. */
static void write_local(struct msghdr *msg, union control *control, const struct addr *local)
{
	struct in6_pktinfo info6 = {.ipi6_addr = local->u.in6.sin6_addr};
	struct cmsghdr *c;
	local4 info4;
	bool is6 = addr_family(local) == AF_INET6;
	size_t size = is6 ? sizeof(info6) : sizeof(info4);

	memset(control, 0, sizeof(*control));
	memset(&info4, 0, sizeof(info4));
	msg->msg_control = control->bytes;
	msg->msg_controllen = CMSG_SPACE(size);
	c = CMSG_FIRSTHDR(msg);
	c->cmsg_len = CMSG_LEN(size);
	if (is6) {
		c->cmsg_level = IPPROTO_IPV6;
		c->cmsg_type = IPV6_PKTINFO;
		info6.ipi6_ifindex = local->u.in6.sin6_scope_id;
		memcpy(CMSG_DATA(c), &info6, size);
	} else {
		c->cmsg_level = IPPROTO_IP;
		c->cmsg_type = SEND4_CMSG;
		*LOCAL4_SEND(&info4) = local->u.in.sin_addr;
		memcpy(CMSG_DATA(c), &info4, size);
	}
}

int udp_send(int fd, const void *data, size_t len, const struct addr *local, const struct addr *to)
{
	union control control;
	struct addr dest = *to; /* msg_name is not const */
	struct iovec iov = {.iov_base = (void *)(uintptr_t)data, .iov_len = len};
	struct msghdr msg = {.msg_name = &dest,
	    .msg_namelen = addr_len(to),
	    .msg_iov = &iov,
	    .msg_iovlen = 1};
	bool retried = false;

	if (!addr_is_set(to))
		return EDESTADDRREQ;
	if (local != NULL && addr_is_set(local) && !addr_is_any(local)) {
		if (addr_family(local) != addr_family(to))
			return EAFNOSUPPORT;
		write_local(&msg, &control, local);
	}
	for (;;) {
		if (sendmsg(fd, &msg, 0) >= 0)
			return 0;
		if (is_old_icmp(errno) && !retried)
			retried = true;
		else if (errno != EINTR)
			return errno;
	}
}

int udp_tell_refusals(int fd, int family)
{
	return system_udp_tell_refusals(fd, family);
}

int udp_refused(int fd, void *data, size_t size, size_t *len, struct addr *dest)
{
	*len = 0;
	return system_udp_refused(fd, data, size, len, dest);
}

void udp_set_room(int fd, int bytes)
{
#ifdef SO_RCVBUFFORCE
	/* Root may pass the limit that the system has for everybody (net.core.rmem_max). */
	if (set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes) == 0)
		return;
#endif
	/* The BSDs refuse what is more than theirs. */
	while (set_int(fd, SOL_SOCKET, SO_RCVBUF, bytes) == ENOBUFS)
		bytes /= 2;
}

int udp_set_dscp(int fd, int family, int dscp)
{
	if (dscp < 0 || dscp > 63)
		return EINVAL;
	if (family == AF_INET6)
		return set_int(fd, IPPROTO_IPV6, IPV6_TCLASS, dscp << 2);
	return set_int(fd, IPPROTO_IP, IP_TOS, dscp << 2);
}

int udp_tell_dscp(int fd, int family)
{
	if (family == AF_INET6)
		return set_int(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
	return set_int(fd, IPPROTO_IP, IP_RECVTOS, 1);
}

static int read_dscp(struct msghdr *msg)
{
	uint8_t tos;
	int class;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS) {
			memcpy(&class, CMSG_DATA(c), sizeof(class));
			return class >> 2 & 63;
		}
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == TOS4_CMSG) {
			memcpy(&tos, CMSG_DATA(c), sizeof(tos));
			return tos >> 2;
		}
	}
	return -1;
}

int udp_recv_dscp(int fd, void *data, size_t size, size_t *len, struct addr *peer, int *dscp)
{
	union control control;
	struct sockaddr_storage from;
	struct iovec iov = {.iov_base = data, .iov_len = size};
	struct msghdr msg = {.msg_name = &from,
	    .msg_namelen = sizeof(from),
	    .msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = sizeof(control.bytes)};
	ssize_t n = recvmsg(fd, &msg, 0);

	if (n < 0)
		return errno;
	*len = (size_t)n;
	*dscp = read_dscp(&msg);
	return addr_set(peer, (struct sockaddr *)&from, msg.msg_namelen);
}
