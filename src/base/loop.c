/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "base/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"

#define LOOP_SIGNALS     65
#define LOOP_MAX_WAIT_MS (3600 * 1000)

struct slot {
	loop_fd_fn *fn; /* NULL: free */
	void *arg;
	unsigned events;
	uint64_t born; /* the round it was added in */
};

struct signal_slot {
	loop_signal_fn *fn;
	void *arg;
	struct sigaction before;
};

struct loop {
	struct slot slot[FD_SETSIZE];
	int max_fd;
	uint64_t round;
	struct timers timers;
	struct signal_slot signal[LOOP_SIGNALS];
	int pipe[2]; /* the signal handler's way into select() */
	bool stop;
};

/* Where the handler writes a signal's number: the one thing that it touches. 0: nowhere. */
static volatile sig_atomic_t signal_pipe[LOOP_SIGNALS];

static void on_signal(int signo)
{
	int saved_errno = errno;
	unsigned char byte = (unsigned char)signo;

	/* A full pipe has thousands of signals waiting: the loop wakes up anyway. */
	if (signal_pipe[signo] > 0 && write((int)signal_pipe[signo], &byte, 1) < 0)
		errno = 0;
	errno = saved_errno;
}

static void read_signals(void *arg, unsigned events)
{
	struct loop *loop = arg;
	unsigned char byte[64];
	ssize_t n = read(loop->pipe[0], byte, sizeof(byte));

	(void)events;
	for (ssize_t i = 0; i < n; i++) {
		struct signal_slot *s = byte[i] < LOOP_SIGNALS ? &loop->signal[byte[i]] : NULL;

		if (s != NULL && s->fn != NULL)
			s->fn(s->arg, byte[i]);
	}
}

int loop_new(struct loop **out)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	int err;

	*out = NULL;
	if (loop == NULL)
		return ENOMEM;
	loop->max_fd = -1;
	timers_init(&loop->timers, loop_clock_ms());
	err = fd_pipe(loop->pipe);
	if (err == 0)
		err = loop_fd_add(loop, loop->pipe[0], LOOP_READ, read_signals, loop);
	if (err != 0) {
		loop_free(loop);
		return err;
	}
	*out = loop;
	return 0;
}

void loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
	for (int signo = 1; signo < LOOP_SIGNALS; signo++) {
		if (loop->signal[signo].fn == NULL)
			continue;
		sigaction(signo, &loop->signal[signo].before, NULL);
		signal_pipe[signo] = 0;
	}
	fd_close(&loop->pipe[0]);
	fd_close(&loop->pipe[1]);
	timers_done(&loop->timers);
	free(loop);
}

int loop_signal_add(struct loop *loop, int signo, loop_signal_fn *fn, void *arg)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	sigset_t only;

	if (signo <= 0 || signo >= LOOP_SIGNALS)
		return EINVAL;
	if (loop->signal[signo].fn != NULL || signal_pipe[signo] > 0)
		return EEXIST;
	signal_pipe[signo] = loop->pipe[1];
	sigfillset(&action.sa_mask);
	if (sigaction(signo, &action, &loop->signal[signo].before) != 0) {
		signal_pipe[signo] = 0;
		return errno;
	}
	loop->signal[signo].fn = fn;
	loop->signal[signo].arg = arg;
	sigemptyset(&only);
	sigaddset(&only, signo);
	sigprocmask(SIG_UNBLOCK, &only, NULL);
	return 0;
}

static struct slot *slot_of(struct loop *loop, int fd)
{
	if (fd < 0 || fd >= FD_SETSIZE || loop->slot[fd].fn == NULL)
		return NULL;
	return &loop->slot[fd];
}

int loop_fd_add(struct loop *loop, int fd, unsigned events, loop_fd_fn *fn, void *arg)
{
	if (fd < 0 || fd >= FD_SETSIZE)
		return ERANGE;
	if (slot_of(loop, fd) != NULL)
		return EEXIST;
	loop->slot[fd] = (struct slot){.fn = fn, .arg = arg, .events = events, .born = loop->round};
	if (fd > loop->max_fd)
		loop->max_fd = fd;
	return 0;
}

void loop_fd_events(struct loop *loop, int fd, unsigned events)
{
	struct slot *s = slot_of(loop, fd);

	if (s != NULL)
		s->events = events;
}

void loop_fd_del(struct loop *loop, int fd)
{
	struct slot *s = slot_of(loop, fd);

	if (s == NULL)
		return;
	s->fn = NULL;
	while (loop->max_fd >= 0 && loop->slot[loop->max_fd].fn == NULL)
		loop->max_fd--;
}

/* EBADF: somebody closed a descriptor before taking it out. A bug, but no reason to stop calls. */
static int drop_closed(struct loop *loop)
{
	int dropped = 0;

	for (int fd = 0; fd <= loop->max_fd; fd++) {
		if (slot_of(loop, fd) == NULL || fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			continue;
		log_err(LOG_MAIN, "descriptor %d was closed under the event loop", fd);
		loop_fd_del(loop, fd);
		dropped++;
	}
	return dropped > 0 ? 0 : EBADF;
}

static void fill_sets(const struct loop *loop, fd_set *readable, fd_set *writable)
{
	FD_ZERO(readable);
	FD_ZERO(writable);
	for (int fd = 0; fd <= loop->max_fd; fd++) {
		const struct slot *s = &loop->slot[fd];

		if (s->fn != NULL && (s->events & LOOP_READ))
			FD_SET(fd, readable);
		if (s->fn != NULL && (s->events & LOOP_WRITE))
			FD_SET(fd, writable);
	}
}

/* Only what is still wanted: a callback may have removed this one, or added it under its number. */
static void call_ready(struct loop *loop, int max_fd, const fd_set *readable,
    const fd_set *writable)
{
	for (int fd = 0; fd <= max_fd; fd++) {
		struct slot *s = slot_of(loop, fd);
		unsigned events = 0;

		if (s == NULL || s->born == loop->round)
			continue;
		if (FD_ISSET(fd, readable))
			events |= LOOP_READ;
		if (FD_ISSET(fd, writable))
			events |= LOOP_WRITE;
		events &= s->events;
		if (events != 0)
			s->fn(s->arg, events);
	}
}

int loop_once(struct loop *loop, int64_t max_wait_ms)
{
	int64_t wait_ms = timers_next_ms(&loop->timers, loop_clock_ms());
	int max_fd = loop->max_fd, ready;
	fd_set readable, writable;
	struct timeval tv;

	if (max_wait_ms >= 0 && (wait_ms < 0 || wait_ms > max_wait_ms))
		wait_ms = max_wait_ms;
	if (wait_ms > LOOP_MAX_WAIT_MS)
		wait_ms = LOOP_MAX_WAIT_MS;
	tv.tv_sec = (time_t)(wait_ms / 1000);
	tv.tv_usec = (suseconds_t)(wait_ms % 1000 * 1000);
	fill_sets(loop, &readable, &writable);
	ready = select(max_fd + 1, &readable, &writable, NULL, wait_ms < 0 ? NULL : &tv);
	if (ready < 0 && errno != EINTR)
		return errno == EBADF ? drop_closed(loop) : errno;

	/* Descriptors first: after a stall, the answer that has come counts before its timeout. */
	loop->round++;
	timers_set_now(&loop->timers, loop_clock_ms());
	if (ready > 0)
		call_ready(loop, max_fd, &readable, &writable);
	timers_run(&loop->timers, timers_now(&loop->timers));
	return 0;
}

int loop_run(struct loop *loop)
{
	int err = 0;

	while (!loop->stop && err == 0)
		err = loop_once(loop, -1);
	loop->stop = false;
	return err;
}

void loop_stop(struct loop *loop)
{
	loop->stop = true;
}

struct timers *loop_timers(struct loop *loop)
{
	return &loop->timers;
}

uint64_t loop_clock_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t loop_clock_ms(void)
{
	return loop_clock_us() / 1000;
}
