/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "base/tcp.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/system.h"

#define BACKLOG 128

static int set_on(int fd, int level, int option)
{
	int on = 1;

	return setsockopt(fd, level, option, &on, sizeof(on)) == 0 ? 0 : errno;
}

int tcp_listen_any(int family, uint16_t port, int *fd)
{
	int err = fd_socket(family, SOCK_STREAM, fd);
	struct addr any;

	if (err != 0)
		return err;
	addr_any(&any, family, port);
	/* Connections of an earlier run may linger on the port. */
	set_on(*fd, SOL_SOCKET, SO_REUSEADDR);
	if (family == AF_INET6)
		err = set_on(*fd, IPPROTO_IPV6, IPV6_V6ONLY);
	system_tcp_ask_ifindex(*fd, family);
	if (err == 0 && bind(*fd, &any.u.sa, addr_len(&any)) != 0)
		err = errno;
	if (err == 0 && listen(*fd, BACKLOG) != 0)
		err = errno;
	if (err != 0)
		fd_close(fd);
	return err;
}

static int read_local(int fd, struct addr *out)
{
	struct sockaddr_storage local;
	socklen_t len = sizeof(local);

	if (getsockname(fd, (struct sockaddr *)&local, &len) != 0)
		return errno;
	return addr_set(out, (struct sockaddr *)&local, len);
}

int tcp_accept(int listener, int *fd, struct udp_from *at)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	int err;

	memset(at, 0, sizeof(*at));
	*fd = accept(listener, (struct sockaddr *)&peer, &len);
	if (*fd < 0)
		return errno == EWOULDBLOCK ? EAGAIN : errno;
	err = fd_prepare(*fd);
	if (err == 0)
		err = addr_set(&at->peer, (struct sockaddr *)&peer, len);
	if (err == 0)
		err = read_local(*fd, &at->local);
	if (err != 0) {
		fd_close(fd);
		return ECONNABORTED;
	}
	at->ifindex = system_tcp_ifindex(*fd, addr_family(&at->peer));
	return 0;
}

static int bind_local(int fd, const struct addr *local)
{
	struct addr a = *local;

	addr_set_port(&a, 0);
	set_on(fd, SOL_SOCKET, SO_REUSEADDR);
	return bind(fd, &a.u.sa, addr_len(&a)) == 0 ? 0 : errno;
}

int tcp_connect(const struct addr *peer, const struct addr *local, int *fd, struct udp_from *at)
{
	int err;

	memset(at, 0, sizeof(*at));
	*fd = -1;
	if (!addr_is_set(peer))
		return EDESTADDRREQ;
	err = fd_socket(addr_family(peer), SOCK_STREAM, fd);
	if (err == 0 && local != NULL && addr_is_set(local) && !addr_is_any(local))
		err = bind_local(*fd, local);
	if (err == 0 && connect(*fd, &peer->u.sa, addr_len(peer)) != 0 && errno != EINPROGRESS)
		err = errno;
	if (err != 0) {
		fd_close(fd);
		return err;
	}
	at->peer = *peer;
	read_local(*fd, &at->local); /* else it stays unset */
	return 0;
}

int tcp_connect_result(int fd)
{
	int err = 0;
	socklen_t len = sizeof(err);

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) == 0 ? err : errno;
}

void tcp_tune(int fd)
{
	set_on(fd, IPPROTO_TCP, TCP_NODELAY);
	set_on(fd, SOL_SOCKET, SO_KEEPALIVE);
}
