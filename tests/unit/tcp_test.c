/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections over loopback; transport_test has what is built on them. */
#include "base/tcp.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "tap.h"

static bool wait_fd(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};

	return poll(&p, 1, 60000) == 1;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_storage bound;
	socklen_t len = sizeof(bound);
	struct addr a;

	if (getsockname(fd, (struct sockaddr *)&bound, &len) != 0 ||
	    addr_set(&a, (struct sockaddr *)&bound, len) != 0)
		return 0;
	return addr_port(&a);
}

static void test_connection(int family, const char *ip, const char *other_ip)
{
	struct addr to, from;
	struct udp_from near_end, far_end;
	int listener, fd, accepted;
	char text[8];

	if (tcp_listen_any(family, 0, &listener) != 0)
		return;
	is_int(tcp_accept(listener, &accepted, &far_end), EAGAIN, "nobody is there yet");
	addr_parse(&to, ip, port_of(listener));
	addr_parse(&from, other_ip, 9);
	if (!ok(tcp_connect(&to, &from, &fd, &near_end) == 0, "connect"))
		return;
	tcp_tune(fd);
	ok(wait_fd(fd, POLLOUT) && tcp_connect_result(fd) == 0, "... it comes about");
	ok(wait_fd(listener, POLLIN) && tcp_accept(listener, &accepted, &far_end) == 0, "accepted");
	ok(addr_equal(&near_end.peer, &to) && addr_equal(&far_end.local, &to), "to whom");
	ok(addr_equal_ip(&far_end.peer, &from), "from the address that was wanted");
	ok(addr_port(&far_end.peer) != 9, "... and a port of its own");
	ok(addr_equal(&far_end.peer, &near_end.local), "... as both know");
	is_int(read(accepted, text, sizeof(text)), -1, "nothing to read, and no wait");
	is_int(write(fd, "hello", 5), 5, "a word");
	ok(wait_fd(accepted, POLLIN) && read(accepted, text, sizeof(text)) == 5, "... arrives");
	close(fd);
	close(accepted);
	close(listener);
	is_int(tcp_listen_any(family, addr_port(&to), &listener), 0, "the port is free at once");
	is_int(tcp_listen_any(family, addr_port(&to), &accepted), EADDRINUSE, "... for one");
	close(listener);
}

static void test_refused(void)
{
	struct addr to, nobody = {.u.sa.sa_family = AF_UNSPEC}, six;
	struct udp_from at;
	int listener, fd, err;

	is_int(tcp_connect(&nobody, NULL, &fd, &at), EDESTADDRREQ, "to nobody");
	if (tcp_listen_any(AF_INET, 0, &listener) != 0)
		return;
	addr_parse(&to, "127.0.0.1", port_of(listener));
	close(listener);
	err = tcp_connect(&to, NULL, &fd, &at);
	if (!err)
		err = wait_fd(fd, POLLOUT) ? tcp_connect_result(fd) : ETIMEDOUT;
	is_int(err, ECONNREFUSED, "nobody listens");
	fd_close(&fd);
	addr_parse(&six, "2001:db8::1", 0);
	ok(tcp_connect(&to, &six, &fd, &at) != 0 && fd == -1, "from another family");
}

int main(void)
{
	test_connection(AF_INET, "127.0.0.1", "127.0.0.2");
	test_connection(AF_INET6, "::1", "::1");
	test_refused();
	return tap_done();
}
