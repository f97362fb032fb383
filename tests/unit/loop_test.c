/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/select.h>
#include <unistd.h>

#include "base/fd.h"
#include "tap.h"

static struct loop *loop;
static int pipes[3][2];
static int calls[3];
static unsigned last_events;

static void open_pipes(void)
{
	for (int i = 0; i < 3; i++) {
		fd_pipe(pipes[i]);
		calls[i] = 0;
	}
}

static void close_pipes(void)
{
	for (int i = 0; i < 3; i++) {
		loop_fd_del(loop, pipes[i][0]);
		loop_fd_del(loop, pipes[i][1]);
		fd_close(&pipes[i][0]);
		fd_close(&pipes[i][1]);
	}
}

static void fill(int i)
{
	ok(write(pipes[i][1], "x", 1) == 1, "a byte on its way");
}

static void count(void *arg, unsigned events)
{
	(*(int *)arg)++;
	last_events = events;
}

static void test_events(void)
{
	open_pipes();
	is_int(loop_fd_add(loop, pipes[0][0], LOOP_READ, count, &calls[0]), 0, "add");
	is_int(loop_fd_add(loop, pipes[0][0], LOOP_READ, count, &calls[0]), EEXIST, "add twice");
	is_int(loop_fd_add(loop, FD_SETSIZE, LOOP_READ, count, NULL), ERANGE, "beyond select()");
	is_int(loop_fd_add(loop, -1, LOOP_READ, count, NULL), ERANGE, "no descriptor");
	is_int(loop_once(loop, 0), 0, "a round");
	is_int(calls[0], 0, "nothing to read");
	fill(0);
	loop_once(loop, 0);
	is_int(calls[0], 1, "called when readable");
	is_int(last_events, LOOP_READ, "... with the reason");
	loop_fd_events(loop, pipes[0][0], 0);
	loop_once(loop, 0);
	is_int(calls[0], 1, "not called when it asks for nothing");
	loop_fd_del(loop, pipes[0][0]);
	loop_fd_del(loop, pipes[0][0]);
	loop_fd_events(loop, pipes[0][0], LOOP_READ);
	loop_once(loop, 0);
	is_int(calls[0], 1, "not called when removed");
	loop_fd_add(loop, pipes[1][1], LOOP_WRITE, count, &calls[1]);
	loop_once(loop, 0);
	ok(calls[1] == 1 && last_events == LOOP_WRITE, "called when writable");
	close_pipes();
}

/* Whichever is called first removes and closes all three, and itself. */
static void remove_all(void *arg, unsigned events)
{
	(void)events;
	(*(int *)arg)++;
	close_pipes();
}

static void test_remove(void)
{
	open_pipes();
	for (int i = 0; i < 3; i++) {
		fill(i);
		loop_fd_add(loop, pipes[i][0], LOOP_READ, remove_all, &calls[i]);
	}
	loop_once(loop, 0);
	is_int(calls[0] + calls[1] + calls[2], 1,
	    "a removed descriptor is not called, though ready");
}

static int fresh_calls;

/* Puts a new pipe under the number of another descriptor that is ready in this round. */
static void replace_other(void *arg, unsigned events)
{
	int other = pipes[0][0] == *(int *)arg ? 1 : 0, fresh[2];

	(void)events;
	loop_fd_del(loop, *(int *)arg);
	loop_fd_del(loop, pipes[other][0]);
	fd_pipe(fresh);
	dup2(fresh[0], pipes[other][0]);
	loop_fd_add(loop, pipes[other][0], LOOP_READ, count, &fresh_calls);
	fd_close(&fresh[0]);
	fd_close(&fresh[1]);
}

static void test_reuse(void)
{
	open_pipes();
	fresh_calls = 0;
	for (int i = 0; i < 2; i++) {
		fill(i);
		loop_fd_add(loop, pipes[i][0], LOOP_READ, replace_other, &pipes[i][0]);
	}
	loop_once(loop, 0);
	is_int(fresh_calls, 0, "news of an old descriptor is not told to the one with its number");
	loop_once(loop, 0);
	is_int(fresh_calls, 1, "... which is heard in the next round (here: end of file)");
	close_pipes();
}

static void lose_interest(void *arg, unsigned events)
{
	(void)events;
	(*(int *)arg)++;
	loop_fd_events(loop, pipes[0][0], 0);
	loop_fd_events(loop, pipes[1][0], 0);
}

static void test_interest(void)
{
	open_pipes();
	for (int i = 0; i < 2; i++) {
		fill(i);
		loop_fd_add(loop, pipes[i][0], LOOP_READ, lose_interest, &calls[i]);
	}
	loop_once(loop, 0);
	is_int(calls[0] + calls[1], 1, "interest lost in the same round");
	close_pipes();
}

static void test_closed(void)
{
	open_pipes();
	fill(1);
	loop_fd_add(loop, pipes[0][0], LOOP_READ, count, &calls[0]);
	loop_fd_add(loop, pipes[1][0], LOOP_READ, count, &calls[1]);
	close(pipes[0][0]);
	is_int(loop_once(loop, 0), 0, "a descriptor closed under the loop");
	is_int(loop_once(loop, 0), 0, "... is dropped");
	is_int(calls[1], 1, "... and the others live on");
	pipes[0][0] = -1;
	close_pipes();
}

static struct timer timer, timer2;
static int timer_calls;

static void on_timer(void *arg)
{
	timer_calls++;
	if (arg != NULL)
		loop_stop(loop);
	timer_stop(loop_timers(loop), &timer2);
}

static void remove_timers(void *arg, unsigned events)
{
	(void)arg;
	(void)events;
	timer_stop(loop_timers(loop), &timer);
	timer_stop(loop_timers(loop), &timer2);
}

static void test_timers(void)
{
	uint64_t before;

	timer_start(loop_timers(loop), &timer, 0, on_timer, NULL);
	timer_start(loop_timers(loop), &timer2, 0, on_timer, NULL);
	loop_once(loop, 0);
	is_int(timer_calls, 1, "a timer stops another that is due in the same round");
	before = loop_timers(loop)->now_ms; /* what a timer's time counts from */
	timer_start(loop_timers(loop), &timer, 20, on_timer, loop);
	is_int(loop_run(loop), 0, "the loop runs until it is stopped");
	is_int(timer_calls, 2, "... by a timer");
	ok(loop_clock_ms() >= before + 20, "... that was not early");
	timer_start(loop_timers(loop), &timer, 3600 * 1000, on_timer, loop);
	loop_stop(loop);
	is_int(loop_run(loop), 0, "a stop that came before");
	is_int(timer_calls, 2, "... ends it at once");

	open_pipes();
	fill(0);
	loop_fd_add(loop, pipes[0][0], LOOP_READ, remove_timers, NULL);
	timer_start(loop_timers(loop), &timer, 0, on_timer, NULL);
	timer_start(loop_timers(loop), &timer2, 0, on_timer, NULL);
	loop_once(loop, 0);
	is_int(timer_calls, 2, "a descriptor's callback stops timers that are due");
	close_pipes();
}

static int got_signal, signal_count;

static void on_loop_signal(void *arg, int signo)
{
	(void)arg;
	got_signal = signo;
	signal_count++;
	loop_stop(loop);
}

static void test_signals(void)
{
	struct sigaction now;
	sigset_t held;

	sigemptyset(&held);
	sigaddset(&held, SIGUSR2);
	sigprocmask(SIG_BLOCK, &held, NULL);
	raise(SIGUSR2);
	is_int(loop_signal_add(loop, SIGUSR1, on_loop_signal, NULL), 0, "a signal");
	is_int(loop_signal_add(loop, SIGUSR1, on_loop_signal, NULL), EEXIST, "twice");
	is_int(loop_signal_add(loop, SIGKILL, on_loop_signal, NULL), EINVAL, "SIGKILL");
	is_int(loop_signal_add(loop, 1000, on_loop_signal, NULL), EINVAL, "no signal");
	loop_signal_add(loop, SIGUSR2, on_loop_signal, NULL);
	loop_run(loop);
	is_int(got_signal, SIGUSR2, "one that was blocked and waits comes now");
	got_signal = signal_count = 0;
	errno = EXDEV;
	raise(SIGUSR1);
	is_int(errno, EXDEV, "the handler keeps errno");
	is_int(signal_count, 0, "nothing happens in the handler");
	is_int(loop_run(loop), 0, "it comes from the loop");
	is_int(got_signal, SIGUSR1, "... with its number");
	raise(SIGUSR2);
	loop_once(loop, -1);
	is_int(got_signal, SIGUSR2, "and the other one");
	loop_free(loop);
	sigaction(SIGUSR1, NULL, &now);
	ok(now.sa_handler == SIG_DFL, "loop_free() puts the old action back");
}

int main(void)
{
	if (loop_new(&loop) != 0)
		return 99;
	test_events();
	test_remove();
	test_reuse();
	test_interest();
	test_closed();
	test_timers();
	test_signals();
	loop_free(NULL);
	return tap_done();
}
