/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "failing_alloc.h"

#include "sip/transport.c"

#include "tap.h"

struct heard {
	unsigned count;
	char data[64];
	size_t len;
	struct udp_from from;
};

static void hear(void *arg, const void *data, size_t len, const struct udp_from *from)
{
	struct heard *h = arg;

	h->count++;
	h->len = len;
	memcpy(h->data, data, len < sizeof(h->data) ? len : sizeof(h->data));
	h->from = *from;
}

/* A port that was free a moment ago, in both families. */
static int open_somewhere(struct transport **t, struct loop *loop, struct heard *h, uint16_t *port)
{
	int err = EADDRINUSE;

	for (int tries = 0; tries < 50 && err == EADDRINUSE; tries++) {
		int fd;

		if (udp_open_any(AF_INET, 0, &fd) != 0)
			break;
		*port = port_of(fd);
		close(fd);
		err = transport_open(t, loop, *port, 26, hear, h);
	}
	return err;
}

static void test_exchange(struct loop *loop, struct transport *t, uint16_t port, struct heard *h,
    const char *ip)
{
	struct addr us, local, seen;
	struct udp_from from;
	char data[64];
	size_t len;
	int fd;

	addr_parse(&us, ip, port);
	local = us;
	addr_set_port(&local, 0);
	if (udp_open(&local, &fd) != 0)
		return;
	addr_set_port(&local, port_of(fd));
	h->count = 0;
	udp_send(fd, "hello", 5, NULL, &us);
	udp_send(fd, "", 0, NULL, &us);
	udp_send(fd, "bye", 3, NULL, &us);
	for (int i = 0; i < 100 && h->count < 3; i++)
		loop_once(loop, 100);
	is_int(h->count, 3, "three datagrams, one of them empty");
	ok(h->len == 3 && memcmp(h->data, "bye", 3) == 0, "... the last one whole");
	ok(addr_equal(&h->from.peer, &local), "... from its sender");
	ok(addr_equal(&h->from.local, &us), "... and to whom");
	is_int(transport_send(t, "yes", 3, &us, &local), 0, "an answer");
	for (int i = 0; i < 1000 && udp_recv(fd, data, sizeof(data), &len, &from) == EAGAIN; i++)
		loop_once(loop, 1);
	seen = from.peer;
	ok(len == 3 && memcmp(data, "yes", 3) == 0 && addr_equal(&seen, &us),
	    "... comes from our port and address");
	close(fd);
}

static void test_transport(struct loop *loop)
{
	struct transport *t, *second = NULL;
	struct heard h = {.count = 0};
	struct addr nobody = {.u.sa.sa_family = AF_UNSPEC}, six;
	uint16_t port = 0;

	if (!ok(open_somewhere(&t, loop, &h, &port) == 0, "open"))
		return;
	is_int(transport_open(&second, loop, port, 0, hear, &h), EADDRINUSE,
	    "a port is taken once");
	ok(!second, "... and there is no second transport");
	test_exchange(loop, t, port, &h, "127.0.0.1");
	if (t->fd[V6] >= 0)
		test_exchange(loop, t, port, &h, "::1");
	ok(transport_send(t, "x", 1, NULL, &nobody) != 0, "to nobody nothing is sent");
	addr_parse(&six, "::1", 9);
	if (t->fd[V6] >= 0) {
		loop_fd_del(loop, t->fd[V6]);
		close(t->fd[V6]);
		t->fd[V6] = -1;
	}
	is_int(transport_send(t, "x", 1, NULL, &six), EAFNOSUPPORT, "without IPv6 there is none");
	transport_close(t);
	is_int(transport_open(&t, loop, port, -1, hear, &h), 0, "the port is free again");
	transport_close(t);
	transport_close(NULL);
	alloc_until_failure = 0;
	is_int(transport_open(&second, loop, port, 0, hear, &h), ENOMEM, "no memory");
	alloc_until_failure = -1;
}

int main(void)
{
	struct loop *loop;

	if (!ok(loop_new(&loop) == 0, "a loop"))
		return 1;
	test_transport(loop);
	loop_free(loop);
	return tap_done();
}
