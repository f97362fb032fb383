/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Built once for each implementation, which WAITER_SOURCE names. */
#include "failing_alloc.h"

#include WAITER_SOURCE

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include "tap.h"

#define ITEMS 200 /* more than a first array holds */

struct pipe_item {
	struct waiter_item item;
	int write_fd;
};

static struct pipe_item pipes[ITEMS];

static bool open_pipes(void)
{
	for (int i = 0; i < ITEMS; i++) {
		int fds[2];

		if (pipe(fds) < 0)
			return false;
		pipes[i].item = (struct waiter_item){.fd = fds[0]};
		pipes[i].write_fd = fds[1];
	}
	return true;
}

static void close_pipes(void)
{
	for (int i = 0; i < ITEMS; i++) {
		close(pipes[i].item.fd);
		close(pipes[i].write_fd);
	}
}

static void fill(int i)
{
	if (write(pipes[i].write_fd, "x", 1) != 1)
		ok(false, "writing into a pipe");
}

static void drain(int i)
{
	char c;

	if (read(pipes[i].item.fd, &c, 1) != 1)
		ok(false, "reading from a pipe");
}

static int index_of(const struct waiter_item *item)
{
	for (int i = 0; i < ITEMS; i++) {
		if (&pipes[i].item == item)
			return i;
	}
	return -1;
}

static void test_wake(struct waiter *w)
{
	struct waiter_item *ready[4];
	bool woken;

	waiter_wake(w);
	waiter_wake(w);
	is_int((long long)waiter_wait(w, ready, 4, -1, &woken), 0, "woken, nothing to read");
	ok(woken, "... and told so");
	is_int((long long)waiter_wait(w, ready, 4, 1, &woken), 0, "nothing within a millisecond");
	ok(!woken, "... nobody woke it");
}

static void test_items(struct waiter *w)
{
	struct waiter_item *ready[ITEMS];
	bool woken, added = true;

	for (int i = 0; i < ITEMS; i++)
		added = waiter_add(w, &pipes[i].item) == 0 && added;
	ok(added, "many items are added");
	fill(ITEMS - 1);
	is_int((long long)waiter_wait(w, ready, ITEMS, -1, &woken), 1, "one has something to read");
	is_int(index_of(ready[0]), ITEMS - 1, "... that one");
	is_int((long long)waiter_wait(w, ready, ITEMS, -1, &woken), 1,
	    "what is not read is told again");
	fill(7);
	waiter_del(w, &pipes[ITEMS - 1].item);
	is_int((long long)waiter_wait(w, ready, ITEMS, -1, &woken), 1, "a removed one is not told");
	is_int(index_of(ready[0]), 7, "... another is");
	drain(7);
	drain(ITEMS - 1);
}

/* The first item is removed: with poll, the last one takes its place. */
static void test_del_keeps_others(struct waiter *w)
{
	struct waiter_item *ready[ITEMS];
	bool woken;

	waiter_del(w, &pipes[0].item);
	waiter_del(w, &pipes[0].item);
	fill(0);
	fill(ITEMS - 2);
	is_int((long long)waiter_wait(w, ready, ITEMS, -1, &woken), 1, "after a removal");
	is_int(index_of(ready[0]), ITEMS - 2, "... the others are still told right");
	waiter_del(w, &pipes[ITEMS - 2].item);
	fill(ITEMS - 3);
	is_int((long long)waiter_wait(w, ready, ITEMS, -1, &woken), 1,
	    "... and can be removed too");
	is_int(index_of(ready[0]), ITEMS - 3, "... without harm to the next");
	drain(ITEMS - 2);
	drain(ITEMS - 3);
	waiter_add(w, &pipes[0].item);
	waiter_wait(w, ready, ITEMS, -1, &woken);
	is_int(index_of(ready[0]), 0, "one that was removed can come back");
	drain(0);
}

static void test_fairness(struct waiter *w)
{
	struct waiter_item *ready[2];
	bool seen[6] = {false}, woken, all = true;

	for (int i = 0; i < 6; i++)
		fill(i);
	for (int round = 0; round < 6; round++) {
		size_t n = waiter_wait(w, ready, 2, -1, &woken);

		for (size_t i = 0; i < n; i++)
			seen[index_of(ready[i]) % 6] = true;
	}
	for (int i = 0; i < 6; i++) {
		all = all && seen[i];
		drain(i);
	}
	ok(all, "small batches reach everybody, though nobody gets quiet");
}

struct other_thread {
	struct waiter *waiter;
	atomic_bool starts;
};

static void *wait_for_item(void *arg)
{
	struct other_thread *t = arg;
	struct waiter_item *ready[1];
	bool woken;

	atomic_store(&t->starts, true);
	while (waiter_wait(t->waiter, ready, 1, -1, &woken) == 0)
		;
	return ready[0];
}

/* Repeated, since now and then the other thread will not be quite asleep yet. */
static void test_add_while_waiting(struct waiter *w)
{
	bool told = true;

	alarm(600); /* who is not told waits for ever */
	for (int i = 0; i < 20; i++) {
		struct other_thread t = {.waiter = w};
		pthread_t thread;
		void *got = NULL;

		waiter_del(w, &pipes[3].item);
		fill(3);
		if (pthread_create(&thread, NULL, wait_for_item, &t))
			break;
		while (!atomic_load(&t.starts))
			sched_yield();
		for (int k = 0; k < 50; k++)
			sched_yield();
		waiter_add(w, &pipes[3].item);
		pthread_join(thread, &got);
		told = told && got == &pipes[3].item;
		drain(3);
	}
	alarm(0);
	ok(told, "who already waits is told of a new item");
}

static void test_no_memory(void)
{
	struct waiter *w = NULL;
	struct waiter_item *ready[ITEMS];
	bool woken;
	int err = ENOMEM, added = 0, n;

	for (n = 0; n < 20 && err; n++) {
		alloc_until_failure = n;
		err = waiter_new(&w);
		if (err)
			ok(err == ENOMEM && !w, "no memory for a waiter");
	}
	ok(n > 1 && !err, "with enough of it there is one");
	for (int i = 0; i < ITEMS; i++)
		pipes[i].item.pos = 0;
	for (int i = 0; i < ITEMS; i++) {
		alloc_until_failure = 0;
		added += waiter_add(w, &pipes[i].item) == 0;
		alloc_until_failure = 1;
		if (!pipes[i].item.pos && waiter_add(w, &pipes[i].item) == 0)
			added++;
	}
	alloc_until_failure = -1;
	ok(added > 0, "items that found room are in");
	fill(0);
	is_int((long long)waiter_wait(w, ready, ITEMS, -1, &woken), 1, "... and are told of");
	drain(0);
	waiter_free(w);
	waiter_free(NULL);
}

int main(void)
{
	struct waiter *w;

	if (!open_pipes() || waiter_new(&w)) {
		ok(false, "the test's own pipes");
		return tap_done();
	}
	test_wake(w);
	test_items(w);
	test_del_keeps_others(w);
	test_fairness(w);
	test_add_while_waiting(w);
	waiter_free(w);
	test_no_memory();
	close_pipes();
	return tap_done();
}
