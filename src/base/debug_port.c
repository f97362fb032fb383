/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "base/debug_port.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/tcp.h"

static const char lost_text[] = "... (lines were lost here)\n";

struct reader {
	struct debug_port *owner;
	int fd; /* -1: the place is free */
	bool lost;
};

struct debug_port {
	struct loop *loop;
	debug_port_admits_fn *admits;
	void *arg;
	int listener[2];
	/* Every thread that logs writes to the readers. */
	pthread_mutex_t lock;
	struct reader reader[DEBUG_PORT_READERS];
};

/* A full socket, or a broken one, whose end the loop will see. */
static bool send_all(int fd, const char *text, size_t len)
{
	return send(fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)len;
}

/* Logs nothing itself. */
static void write_line(void *arg, const char *line, size_t len)
{
	struct debug_port *p = arg;

	pthread_mutex_lock(&p->lock);
	for (struct reader *r = p->reader; r < p->reader + DEBUG_PORT_READERS; r++) {
		if (r->fd < 0)
			continue;
		if (r->lost && !send_all(r->fd, lost_text, sizeof(lost_text) - 1))
			continue;
		r->lost = !send_all(r->fd, line, len);
	}
	pthread_mutex_unlock(&p->lock);
}

/* Without a reader debug messages need not even be made. */
static void look_for_readers(struct debug_port *p)
{
	bool any = false;

	for (size_t i = 0; i < DEBUG_PORT_READERS; i++)
		any |= p->reader[i].fd >= 0;
	log_set_sink(any ? write_line : NULL, p);
}

static void drop_reader(struct reader *r)
{
	struct debug_port *p = r->owner;

	if (r->fd < 0)
		return;
	loop_fd_del(p->loop, r->fd);
	pthread_mutex_lock(&p->lock);
	fd_close(&r->fd);
	pthread_mutex_unlock(&p->lock);
	look_for_readers(p);
}

static void on_input(void *arg, unsigned events)
{
	struct reader *r = arg;
	char nobody_reads_this[512];
	ssize_t n = recv(r->fd, nobody_reads_this, sizeof(nobody_reads_this), MSG_DONTWAIT);

	(void)events;
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
		drop_reader(r);
}

static struct reader *free_place(struct debug_port *p)
{
	for (size_t i = 0; i < DEBUG_PORT_READERS; i++)
		if (p->reader[i].fd < 0)
			return &p->reader[i];
	return NULL;
}

/* Takes over fd. */
static void add_reader(struct debug_port *p, int fd, const struct addr *peer)
{
	struct reader *r = free_place(p);
	char who[ADDR_TEXT_MAX];

	if (!r || loop_fd_add(p->loop, fd, LOOP_READ, on_input, r) != 0) {
		close(fd);
		return;
	}
	pthread_mutex_lock(&p->lock);
	r->fd = fd;
	r->lost = false;
	pthread_mutex_unlock(&p->lock);
	look_for_readers(p);
	log_info(LOG_MAIN, "debug_port: %s reads the log", addr_format(peer, who));
}

static void on_connect(void *arg, int listener)
{
	struct debug_port *p = arg;
	struct udp_from from;
	int fd;

	if (tcp_accept(listener, &fd, &from) != 0)
		return;
	if (p->admits(p->arg, &from))
		add_reader(p, fd, &from.peer);
	else
		close(fd);
}

static void on_connect4(void *arg, unsigned events)
{
	(void)events;
	on_connect(arg, ((struct debug_port *)arg)->listener[0]);
}

static void on_connect6(void *arg, unsigned events)
{
	(void)events;
	on_connect(arg, ((struct debug_port *)arg)->listener[1]);
}

static int listen_on(struct debug_port *p, int family, uint16_t port, int *fd, loop_fd_fn *fn)
{
	int err = tcp_listen_any(family, port, fd);

	if (err) {
		*fd = -1;
		return err;
	}
	err = loop_fd_add(p->loop, *fd, LOOP_READ, fn, p);
	if (err)
		fd_close(fd);
	return err;
}

int debug_port_open(struct debug_port **out, struct loop *loop, uint16_t port,
    debug_port_admits_fn *admits, void *arg)
{
	struct debug_port *p = calloc(1, sizeof(*p));
	int err;

	*out = NULL;
	if (!p)
		return ENOMEM;
	p->loop = loop;
	p->admits = admits;
	p->arg = arg;
	p->listener[0] = p->listener[1] = -1;
	pthread_mutex_init(&p->lock, NULL);
	for (size_t i = 0; i < DEBUG_PORT_READERS; i++)
		p->reader[i] = (struct reader){p, -1, false};
	err = listen_on(p, AF_INET, port, &p->listener[0], on_connect4);
	if (err) {
		debug_port_close(p);
		return err;
	}
	listen_on(p, AF_INET6, port, &p->listener[1], on_connect6);
	*out = p;
	return 0;
}

void debug_port_close(struct debug_port *p)
{
	if (!p)
		return;
	log_set_sink(NULL, NULL);
	for (size_t i = 0; i < DEBUG_PORT_READERS; i++)
		drop_reader(&p->reader[i]);
	for (size_t i = 0; i < 2; i++) {
		if (p->listener[i] >= 0)
			loop_fd_del(p->loop, p->listener[i]);
		fd_close(&p->listener[i]);
	}
	pthread_mutex_destroy(&p->lock);
	free(p);
}
