/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of an interface in a network of our own: the loopback interface of a new namespace. */
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/netwatch.h"
#include "tap.h"

static struct loop *loop;
static int calls;

static void changed(void *arg)
{
	calls++;
	loop_stop(arg);
}

static void set_loopback(bool up)
{
	struct ifreq req = {.ifr_flags = (short)(up ? IFF_UP : 0)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	snprintf(req.ifr_name, sizeof(req.ifr_name), "lo");
	is_int(ioctl(fd, SIOCSIFFLAGS, &req), 0, up ? "lo goes up" : "lo goes down");
	close(fd);
}

int main(void)
{
	struct netwatch *w;

	if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
		printf("1..0 # SKIP no network namespace can be made here\n");
		return 0;
	}
	loop_new(&loop);
	is_int(netwatch_open(&w, loop, changed, loop), 0, "open");
	set_loopback(true);
	loop_run(loop);
	is_int(calls, 1, "told of it");
	set_loopback(false);
	set_loopback(true);
	set_loopback(false);
	loop_run(loop);
	is_int(calls, 2, "a burst is told once");
	set_loopback(true);
	loop_once(loop, 1000);
	netwatch_close(w);
	netwatch_close(NULL);
	loop_free(loop);
	return tap_done();
}
