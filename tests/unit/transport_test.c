/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UDP and TCP over loopback, against plain sockets. Time is the loop's; what takes long is set
 * short, and every wait is for a condition. */
#include "failing_alloc.h"

#include "sip/connection.c"
#undef BURST
#include "sip/transport_tcp.c"
#undef BURST
#undef V4
#undef V6
#include "sip/transport.c"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/resource.h>

#include "tap.h"

#define MESSAGE "OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 0\r\n\r\n"
#define ANSWER  "SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"

struct world {
	struct loop *loop;
	struct transport *t;
	uint16_t port;
	struct addr us;
	/* what came */
	unsigned count, gone;
	char data[256];
	size_t len;
	struct transport_from from;
	uint64_t lost;
	/* what the hooks say */
	int group;
	bool in_use;
	bool answers;
	int answer_err;
};

/* In place of the library's: how many bytes stand in the trace, of those who opened a connection
 * and of those who took it. */
static size_t traced[2];

void trace_stream(struct trace *t, struct trace_stream *s, bool by_opener, const void *data,
    size_t len)
{
	(void)t;
	(void)s;
	(void)data;
	traced[!by_opener] += len;
}

void trace_datagram(struct trace *t, const struct addr *from, const struct addr *to,
    const void *data, size_t len)
{
	(void)t;
	(void)from;
	(void)to;
	(void)data;
	(void)len;
}

static void hear(void *arg, const void *data, size_t len, const struct transport_from *from)
{
	struct world *w = arg;

	w->count++;
	w->len = len;
	memcpy(w->data, data, len < sizeof(w->data) ? len : sizeof(w->data));
	w->from = *from;
	if (w->answers) {
		struct transport_to to = {.peer = &from->at.peer,
		    .local = &from->at.local,
		    .transport = from->transport,
		    .connection = from->connection};

		w->answer_err = transport_send(w->t, ANSWER, strlen(ANSWER), &to, NULL);
	}
}

static int admit(void *arg, const struct udp_from *at)
{
	struct world *w = arg;

	return addr_is_set(&at->peer) && addr_is_set(&at->local) ? w->group : -1;
}

static bool says_in_use(void *arg, uint64_t connection)
{
	struct world *w = arg;

	(void)connection;
	return w->in_use;
}

static void mourn(void *arg, uint64_t connection)
{
	struct world *w = arg;

	w->gone++;
	w->lost = connection;
}

static struct transport_setup setup_of(struct world *w)
{
	return (struct transport_setup){
	    .loop = w->loop,
	    .port = w->port,
	    .dscp = 26,
	    .hooks = {w, hear, NULL, admit, says_in_use, mourn},
	    .limits = {{8, 4}, {8, 3}, 4},
	};
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

/* A port that was free a moment ago, in both families and for both transports. */
static int open_world(struct world *w)
{
	enum sip_transport failed;
	int err = EADDRINUSE;

	memset(w, 0, sizeof(*w));
	if (loop_new(&w->loop) != 0)
		abort();
	for (int tries = 0; tries < 50 && err == EADDRINUSE; tries++) {
		struct transport_setup setup;
		int fd;

		if (udp_open_any(AF_INET, 0, &fd) != 0)
			break;
		w->port = port_of(fd);
		close(fd);
		setup = setup_of(w);
		err = transport_open(&w->t, &setup, &failed);
	}
	addr_parse(&w->us, "127.0.0.1", w->port);
	return err;
}

static void close_world(struct world *w)
{
	transport_close(w->t);
	loop_free(w->loop);
}

/* Runs the loop until the claim holds, for at most a minute. */
#define UNTIL(claim)                                      \
	do {                                              \
		uint64_t end = loop_clock_ms() + 60000;   \
		while (!(claim) && loop_clock_ms() < end) \
			loop_once(w->loop, 10);           \
	} while (0)

/* --- UDP ---------------------------------------------------------------------------------- */

static void test_datagrams(struct world *w, const char *ip)
{
	struct transport_to to = {.transport = SIP_UDP};
	struct addr us, local;
	struct udp_from from;
	char data[64];
	size_t len;
	int fd;

	addr_parse(&us, ip, w->port);
	local = us;
	addr_set_port(&local, 0);
	if (udp_open(&local, &fd) != 0)
		return;
	addr_set_port(&local, port_of(fd));
	w->count = 0;
	udp_send(fd, "hello", 5, NULL, &us);
	udp_send(fd, "", 0, NULL, &us);
	udp_send(fd, "bye", 3, NULL, &us);
	UNTIL(w->count == 3);
	is_int(w->count, 3, "three datagrams, one of them empty");
	ok(w->len == 3 && memcmp(w->data, "bye", 3) == 0, "... the last one whole");
	ok(addr_equal(&w->from.at.peer, &local), "... from its sender");
	ok(addr_equal(&w->from.at.local, &us), "... and to whom");
	ok(w->from.transport == SIP_UDP && w->from.connection == 0, "... as a datagram");
	to.peer = &local;
	to.local = &us;
	is_int(transport_send(w->t, "yes", 3, &to, NULL), 0, "an answer");
	UNTIL(udp_recv(fd, data, sizeof(data), &len, &from) != EAGAIN);
	ok(len == 3 && memcmp(data, "yes", 3) == 0 && addr_equal(&from.peer, &us),
	    "... comes from our port and address");
	close(fd);
}

static void test_udp(void)
{
	struct addr nobody = {.u.sa.sa_family = AF_UNSPEC};
	struct transport_to to = {.peer = &nobody, .transport = SIP_UDP};
	struct transport *second = NULL;
	enum sip_transport failed;
	struct transport_setup setup;
	struct world w;

	if (!ok(open_world(&w) == 0, "open"))
		return;
	setup = setup_of(&w);
	is_int(transport_open(&second, &setup, &failed), EADDRINUSE, "a port is taken once");
	ok(!second && failed == SIP_UDP, "... and there is no second transport");
	test_datagrams(&w, "127.0.0.1");
	test_datagrams(&w, "::1");
	ok(transport_send(w.t, "x", 1, &to, NULL) != 0, "to nobody nothing is sent");
	to.transport = SIP_TCP;
	ok(transport_send(w.t, "x", 1, &to, NULL) != 0, "... nor over TCP");
	transport_close(w.t);
	is_int(transport_open(&w.t, &setup, &failed), 0, "the port is free again");
	close_world(&w);
	transport_close(NULL);
}

/* Who holds the TCP port alone. */
static void test_tcp_taken(void)
{
	enum sip_transport failed = SIP_UDP;
	struct transport_setup setup;
	struct transport *t = NULL;
	struct world w;
	int fd;

	if (open_world(&w) != 0)
		return;
	setup = setup_of(&w);
	transport_close(w.t);
	w.t = NULL;
	if (ok(tcp_listen_any(AF_INET, w.port, &fd) == 0, "somebody listens")) {
		is_int(transport_open(&t, &setup, &failed), EADDRINUSE, "the port is taken");
		ok(!t && failed == SIP_TCP, "... by somebody who speaks TCP");
		close(fd);
	}
	close_world(&w);
}

/* --- TCP: they connect -------------------------------------------------------------------- */

static int dial_from(struct world *w, const char *ip)
{
	struct addr local;
	struct udp_from at;
	int fd;

	addr_parse(&local, ip, 0);
	return tcp_connect(&w->us, &local, &fd, &at) == 0 ? fd : -1;
}

static int dial(struct world *w)
{
	return dial_from(w, "127.0.0.1");
}

static void shout(struct world *w, int fd, const char *text)
{
	size_t len = strlen(text);

	while (len) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		if (n > 0) {
			text += n;
			len -= (size_t)n;
		} else if (n < 0 && errno != EAGAIN && errno != ENOTCONN) {
			return;
		} else {
			loop_once(w->loop, 10);
		}
	}
}

/* What comes until there are so many bytes, or the end; "|" stands for that. */
static const char *read_n(struct world *w, int fd, size_t want)
{
	static char text[1024];
	size_t len = 0;
	uint64_t end = loop_clock_ms() + 60000;

	while (len < want && loop_clock_ms() < end) {
		ssize_t n = recv(fd, text + len, sizeof(text) - 2 - len, 0);

		if (n == 0 || (n < 0 && errno != EAGAIN && errno != ENOTCONN)) {
			text[len++] = '|';
			break;
		}
		if (n > 0)
			len += (size_t)n;
		else
			loop_once(w->loop, 10);
	}
	text[len] = '\0';
	return text;
}

static void test_accept(void)
{
	struct world world, *w = &world;
	uint64_t connection;
	int fd;

	if (open_world(w) != 0)
		return;
	w->answers = true;
	fd = dial(w);
	shout(w, fd, MESSAGE MESSAGE "OPTIONS");
	UNTIL(w->count == 2);
	is_int(w->count, 2, "two messages of one segment");
	ok(w->len == strlen(MESSAGE) && memcmp(w->data, MESSAGE, w->len) == 0, "... whole");
	connection = w->from.connection;
	ok(w->from.transport == SIP_TCP && connection, "... by a connection");
	is_int(addr_port(&w->from.at.peer), port_of(fd), "... of that peer");
	ok(addr_equal(&w->from.at.local, &w->us), "... to that address of ours");
	is_str(read_n(w, fd, 2 * strlen(ANSWER)), ANSWER ANSWER, "... are answered");
	shout(w, fd, &MESSAGE[7]);
	UNTIL(w->count == 3);
	is_int(w->count, 3, "and the one whose rest came later");
	is_int((long long)w->from.connection, (long long)connection, "... by the same one");
	read_n(w, fd, strlen(ANSWER));
	shout(w, fd, "\r\n\r\n");
	is_str(read_n(w, fd, 2), "\r\n", "a ping has its pong");
	ok(transport_has_connection(w->t, connection), "the connection is up");
	is_int((long long)transport_connections(w->t), 1, "... the only one");
	close(fd);
	UNTIL(w->gone);
	is_int((long long)w->lost, (long long)connection, "it is told when it ends");
	ok(!transport_has_connection(w->t, connection), "... and is no more");
	is_int((long long)transport_connections(w->t), 0, "... at all");
	close_world(w);
}

static void test_bad_senders(void)
{
	struct world world, *w = &world;
	int fd;

	if (open_world(w) != 0)
		return;
	w->answers = true;
	fd = dial(w);
	shout(w, fd, "GET / HTTP/1.1\r\n\r\n");
	is_str(read_n(w, fd, 1), "|", "garbage is cut off");
	is_int(w->count, 0, "... unheard");
	close(fd);

	fd = dial(w);
	shout(w, fd,
	    "OPTIONS sip:a@b SIP/2.0\r\nContent-Length: x\r\n\r\nxxxxxxxxxxxxxxxxxxxxxxxxx");
	is_str(read_n(w, fd, strlen(ANSWER) + 1), ANSWER "|",
	    "one whose end cannot be told is answered, and that was it");
	close(fd);
	UNTIL(transport_connections(w->t) == 0);
	is_int((long long)transport_connections(w->t), 0, "both are gone");
	close_world(w);
}

/* The clock is moved on instead of waited for. */
static void pass(struct world *w, uint64_t ms)
{
	struct timers *timers = loop_timers(w->loop);

	for (uint64_t end = timers_now(timers) + ms; timers_now(timers) < end;) {
		int64_t next = timers_next_ms(timers, timers_now(timers));
		uint64_t now = timers_now(timers);

		if (next < 0 || now + (uint64_t)next > end)
			timers_run(timers, end);
		else
			timers_run(timers, now + (uint64_t)next);
	}
}

static void test_patience(void)
{
	struct world world, *w = &world;
	int silent, slow, idle;

	if (open_world(w) != 0)
		return;
	transport_set_times(w->t, 600000, 500, 0);
	w->answers = true;
	silent = dial(w);
	slow = dial(w);
	idle = dial(w);
	shout(w, slow, MESSAGE "OPTIONS sip:a");
	shout(w, idle, MESSAGE);
	UNTIL(w->count == 2 && transport_connections(w->t) == 3);
	read_n(w, slow, strlen(ANSWER));
	read_n(w, idle, strlen(ANSWER));
	pass(w, CONNECTION_SLOW_MS - 5000);
	is_int((long long)transport_connections(w->t), 3, "patience");
	pass(w, 10000);
	is_int((long long)transport_connections(w->t), 1, "... has its end");
	is_str(read_n(w, silent, 1), "|", "... for who says nothing");
	is_str(read_n(w, slow, 1), "|", "... and who does not end his message");
	w->in_use = true;
	pass(w, 700000);
	is_int((long long)transport_connections(w->t), 1, "one that is needed stays when idle");
	w->in_use = false;
	pass(w, 61000);
	is_int((long long)transport_connections(w->t), 0, "... until it is not");
	is_str(read_n(w, idle, 1), "|", "... and then it is closed");
	is_int(w->gone, 3, "of each end we are told");
	close(silent);
	close(slow);
	close(idle);
	close_world(w);
}

static void test_keepalive(void)
{
	struct world world, *w = &world;
	int fd;

	if (open_world(w) != 0)
		return;
	transport_set_times(w->t, 600000, 500, 20000);
	fd = dial(w);
	shout(w, fd, MESSAGE);
	UNTIL(w->count == 1);
	pass(w, 65000);
	is_str(read_n(w, fd, 6), "\r\n\r\n\r\n", "a line end each 20 s");
	close(fd);
	close_world(w);
}

static void test_limits(void)
{
	struct world world, *w = &world;
	int fd[6];

	if (open_world(w) != 0)
		return;
	w->group = 1;
	w->in_use = true;
	for (int i = 0; i < 3; i++)
		fd[i] = dial(w);
	UNTIL(transport_connections(w->t) == 3);
	fd[3] = dial(w);
	is_str(read_n(w, fd[3], 1), "|", "a fourth one of that peer is refused");
	is_int((long long)transport_connections(w->t), 3, "... and three stay");
	close(fd[3]);
	fd[3] = dial_from(w, "127.0.0.2");
	UNTIL(transport_connections(w->t) == 4);
	fd[4] = dial_from(w, "127.0.0.2");
	is_str(read_n(w, fd[4], 1), "|", "the group is full");
	close(fd[4]);
	shout(w, fd[0], MESSAGE);
	UNTIL(w->count == 1);
	timers_set_now(loop_timers(w->loop), timers_now(loop_timers(w->loop)) + 10000);
	w->in_use = false;
	fd[4] = dial_from(w, "127.0.0.2");
	is_str(read_n(w, fd[1], 1), "|", "the one that was quiet longest makes room");
	UNTIL(transport_connections(w->t) == 4);
	is_int((long long)transport_connections(w->t), 4, "... for the newcomer");
	w->group = 0;
	fd[5] = dial(w);
	UNTIL(transport_connections(w->t) == 5);
	is_int((long long)transport_connections(w->t), 5, "the other group has room of its own");
	w->group = -1;
	close(fd[5]);
	fd[5] = dial(w);
	is_str(read_n(w, fd[5], 1), "|", "who is not admitted is shown the door");
	transport_close_connections(w->t, 1);
	UNTIL(transport_connections(w->t) == 0);
	is_int((long long)transport_connections(w->t), 0, "a group can be closed");
	is_str(read_n(w, fd[4], 1), "|", "... and hears of it");
	for (int i = 0; i < 6; i++)
		close(fd[i]);
	close_world(w);
}

/* A peer that does not read: what waits for it is bounded. */
static void test_deaf(void)
{
	struct world world, *w = &world;
	struct transport_to to = {.transport = SIP_TCP};
	char big[8192];
	int fd, err = 0;
	unsigned n = 0;

	if (open_world(w) != 0)
		return;
	memset(big, 'x', sizeof(big));
	fd = dial(w);
	shout(w, fd, MESSAGE);
	UNTIL(w->count == 1);
	to.peer = &w->from.at.peer;
	to.connection = w->from.connection;
	for (; !err && n < 10000; n++)
		err = transport_send(w->t, big, sizeof(big), &to, NULL);
	is_int(err, ENOBUFS, "the queue has an end");
	is_int(transport_send(w->t, big, 1, &to, NULL), ENOTCONN, "... and so has the connection");
	UNTIL(w->gone == 1);
	is_int(w->gone, 1, "... which is told");
	close(fd);

	fd = dial(w);
	shout(w, fd, MESSAGE);
	UNTIL(w->count == 2);
	to.connection = w->from.connection;
	for (n = 0;
	     n < 10000 && !has_output(container_of(w->t->tcp->all.next, struct connection, link));
	     n++)
		transport_send(w->t, big, sizeof(big), &to, NULL);
	pass(w, CONNECTION_SLOW_MS + 1000);
	UNTIL(w->gone == 2);
	is_int(w->gone, 2, "nor is one kept that takes nothing for long");
	close(fd);
	close_world(w);
}

/* --- TCP: we connect ---------------------------------------------------------------------- */

struct far_end {
	int fd;
	struct addr addr;
};

static bool listen_far(struct far_end *f)
{
	if (tcp_listen_any(AF_INET, 0, &f->fd) != 0)
		return false;
	addr_parse(&f->addr, "127.0.0.1", port_of(f->fd));
	return true;
}

static void test_connect(void)
{
	struct world world, *w = &world;
	struct transport_to to = {.transport = SIP_TCP, .group = 1};
	struct far_end far;
	struct udp_from at;
	uint64_t first = 0, second = 0;
	int fd = -1;

	if (open_world(w) != 0 || !listen_far(&far))
		return;
	to.peer = &far.addr;
	to.local = &w->us;
	traced[0] = 0;
	ok(!transport_speaks_tcp(w->t, &far.addr), "nobody knows that peer");
	is_int(transport_send(w->t, MESSAGE, strlen(MESSAGE), &to, &first), 0, "we connect");
	is_int(transport_send(w->t, ANSWER, strlen(ANSWER), &to, &second), 0, "and more waits");
	ok(first && first == second, "... for the same connection");
	is_int((long long)traced[0], 0, "... and is not in the trace yet: who knows who takes it");
	UNTIL(tcp_accept(far.fd, &fd, &at) == 0);
	is_str(read_n(w, fd, strlen(MESSAGE ANSWER)), MESSAGE ANSWER, "both arrive, in order");
	is_int((long long)traced[0], strlen(MESSAGE ANSWER), "... and stand there, once");
	ok(addr_equal_ip(&at.peer, &w->us), "... from the address that we wanted");
	ok(transport_speaks_tcp(w->t, &far.addr), "the peer is known now");
	shout(w, fd, MESSAGE);
	UNTIL(w->count == 1);
	is_int((long long)w->from.connection, (long long)first, "requests come back by it");
	ok(addr_equal(&w->from.at.peer, &far.addr), "... as from the peer");
	to.connection = first;
	close(fd);
	UNTIL(w->gone);
	is_int(transport_send(w->t, MESSAGE, 1, &to, NULL), ENOTCONN,
	    "what wants just that connection fails");
	to.connection = 0;
	is_int(transport_send(w->t, MESSAGE, strlen(MESSAGE), &to, &second), 0,
	    "... others connect");
	ok(second != first, "... anew");
	ok(transport_speaks_tcp(w->t, &far.addr), "and the peer is still known");
	close(far.fd);
	close_world(w);
}

static void test_connect_fails(void)
{
	struct world world, *w = &world;
	struct transport_to to = {.transport = SIP_TCP};
	struct far_end far;
	struct addr six;
	uint64_t connection = 0;
	int err;

	if (open_world(w) != 0 || !listen_far(&far))
		return;
	close(far.fd);
	to.peer = &far.addr;
	err = transport_send(w->t, MESSAGE, strlen(MESSAGE), &to, &connection);
	UNTIL(err || w->gone);
	ok(err == ECONNREFUSED || w->lost == connection, "nobody listens, and that is told");
	ok(!transport_speaks_tcp(w->t, &far.addr), "... and remembered");
	addr_parse(&six, "2001:db8::1", 5060);
	to.peer = &six;
	to.local = &w->us;
	ok(transport_send(w->t, MESSAGE, 1, &to, NULL) != 0, "no IPv6 from an IPv4 address");
	is_int((long long)transport_connections(w->t), 0, "nothing stays behind");
	close_world(w);
}

/* A listener whose backlog is full does not answer: the connect runs into its time-out. */
static void test_connect_time(void)
{
	struct world world, *w = &world;
	struct transport_to to = {.transport = SIP_TCP};
	struct connection *c;
	struct far_end far;
	uint64_t connection;

	if (open_world(w) != 0 || !listen_far(&far))
		return;
	to.peer = &far.addr;
	transport_set_times(w->t, 600000, 700, 0);
	is_int(transport_send(w->t, MESSAGE, strlen(MESSAGE), &to, &connection), 0, "it connects");
	c = container_of(w->t->tcp->all.next, struct connection, link);
	if (c->state == CONNECTION_CONNECTING) {
		pass(w, 600);
		is_int(c->state, CONNECTION_CONNECTING, "for as long as it may");
		pass(w, 200);
		is_int(w->gone, 1, "... and not longer");
	}
	close(far.fd);
	close_world(w);
}

/* select() cannot hold it: refused, and nothing breaks. */
static void test_high_descriptors(void)
{
	struct world world, *w = &world;
	struct transport_to to = {.transport = SIP_TCP};
	struct rlimit limit, old;
	struct far_end far;
	int low[FD_SETSIZE], n = 0, fd, dialled;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max < FD_SETSIZE + 64)
		return;
	old = limit;
	limit.rlim_cur = FD_SETSIZE + 64;
	if (open_world(w) != 0 || !listen_far(&far) || setrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	fd = dial(w);
	UNTIL(transport_connections(w->t) == 1);
	while (n < FD_SETSIZE && (low[n] = fcntl(fd, F_DUPFD, 0)) < FD_SETSIZE && low[n] >= 0)
		n++;
	dialled = dial(w);
	is_str(read_n(w, dialled, 1), "|", "beyond FD_SETSIZE nobody is let in");
	to.peer = &far.addr;
	is_int(transport_send(w->t, MESSAGE, 1, &to, NULL), ERANGE, "... and nobody called");
	shout(w, fd, MESSAGE);
	UNTIL(w->count == 1);
	is_int(w->count, 1, "who was here before goes on");
	close(dialled);
	while (n > 0)
		close(low[--n]);
	close(fd);
	close(far.fd);
	close_world(w);
	setrlimit(RLIMIT_NOFILE, &old);
}

/* Without descriptors the listener rests instead of spinning. */
static void test_no_descriptors(void)
{
	struct world world, *w = &world;
	struct rlimit limit, old;
	int fd, probe;

	if (open_world(w) != 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	old = limit;
	fd = dial(w);
	probe = fcntl(fd, F_DUPFD, 0);
	close(probe);
	limit.rlim_cur = (rlim_t)probe;
	setrlimit(RLIMIT_NOFILE, &limit);
	UNTIL(timer_is_running(&w->t->tcp->rest));
	ok(timer_is_running(&w->t->tcp->rest), "no descriptor for a newcomer");
	setrlimit(RLIMIT_NOFILE, &old);
	UNTIL(transport_connections(w->t) == 1);
	is_int((long long)transport_connections(w->t), 1, "... who is let in later");
	close(fd);
	close_world(w);
}

static void test_no_memory(void)
{
	struct world world, *w = &world;
	struct transport_setup setup;
	enum sip_transport failed;
	struct transport_to to = {.transport = SIP_TCP};
	struct far_end far;
	int fd;

	if (open_world(w) != 0 || !listen_far(&far))
		return;
	fd = dial(w);
	alloc_until_failure = 0;
	UNTIL(alloc_until_failure < 0);
	is_str(read_n(w, fd, 1), "|", "no memory for a newcomer");
	to.peer = &far.addr;
	alloc_until_failure = 0;
	is_int(transport_send(w->t, MESSAGE, 1, &to, NULL), ENOMEM, "... nor to call somebody");
	alloc_until_failure = -1;
	transport_close(w->t);
	w->t = NULL;
	setup = setup_of(w);
	for (long n = 0; n < 2; n++) {
		alloc_until_failure = n;
		is_int(transport_open(&w->t, &setup, &failed), ENOMEM, "none to open at all");
	}
	alloc_until_failure = -1;
	close(fd);
	close(far.fd);
	close_world(w);
}

int main(void)
{
	log_set(4, 0);
	log_stderr(false);
	test_udp();
	test_tcp_taken();
	test_accept();
	test_bad_senders();
	test_patience();
	test_keepalive();
	test_limits();
	test_deaf();
	test_connect();
	test_connect_fails();
	test_connect_time();
	test_high_descriptors();
	test_no_descriptors();
	test_no_memory();
	return tap_done();
}
