/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tap.h"

static char dir[] = "/tmp/notify_test.XXXXXX";
static char path[128];

/* The supervisor's socket; a name that begins with NUL is an abstract one. */
static int supervisor(const char *name, size_t len)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	memcpy(un.sun_path, name, len);
	if (bind(fd, (struct sockaddr *)&un,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* The datagram that has arrived, "" for none: a unix socket delivers within send(). */
static const char *got(int fd)
{
	static char text[1000];
	ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static int open_with(struct notify **n, const char *name, const char *us, const char *pid)
{
	struct notify_env env = {name, us, pid};

	return notify_open(n, &env);
}

static void test_nobody_waits(void)
{
	struct notify *n;

	is_int(open_with(&n, NULL, "1000000", NULL), 0, "no supervisor is no error");
	ok(n == NULL, "... and makes nothing");
	is_int(open_with(&n, "", NULL, NULL), 0, "an empty name is none");
	notify_ready(n, "ready");
	notify_reloading(n);
	notify_alive(n);
	notify_stopping(n);
	notify_close(n);
}

static void test_bad_names(void)
{
	struct notify *n;
	char name[300];

	is_int(open_with(&n, "vsock:2:1234", NULL, NULL), EAFNOSUPPORT, "a socket of another kind");
	is_int(open_with(&n, "@", NULL, NULL), EAFNOSUPPORT, "an abstract name without a name");
	is_int(open_with(&n, "notify", NULL, NULL), EAFNOSUPPORT, "a relative name");
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	name[0] = '/';
	is_int(open_with(&n, name, NULL, NULL), ENAMETOOLONG, "a name too long for a socket");
	is_int(open_with(&n, path, NULL, NULL), ENOENT, "nobody there");
	ok(n == NULL, "... makes nothing");
}

static void test_words(void)
{
	int fd = supervisor(path, strlen(path) + 1);
	struct notify *n;
	unsigned long long us = 0;
	char rest;

	is_int(open_with(&n, path, NULL, NULL), 0, "a supervisor");
	notify_ready(n, "ready on port 5060");
	is_str(got(fd), "READY=1\nSTATUS=ready on port 5060", "ready, with a line for people");
	notify_ready(n, NULL);
	is_str(got(fd), "READY=1", "ready, without");
	notify_reloading(n);
	is_int(sscanf(got(fd), "RELOADING=1\nMONOTONIC_USEC=%llu%c", &us, &rest), 1,
	    "reloading, with the time");
	ok(us > 0, "... in microseconds");
	notify_alive(n);
	is_str(got(fd), "", "no sign of life that nobody asked for");
	notify_stopping(n);
	is_str(got(fd), "STOPPING=1", "stopping");

	close(fd);
	unlink(path);
	notify_ready(n, NULL);
	ok(true, "a supervisor that went is survived");
	notify_close(n);
}

static void test_full(void)
{
	int fd = supervisor(path, strlen(path) + 1), count = 0;
	struct notify *n;

	open_with(&n, path, NULL, NULL);
	for (int i = 0; i < 100000; i++)
		notify_stopping(n);
	while (*got(fd))
		count++;
	ok(count > 0 && count < 100000, "a supervisor that does not read is not waited for");
	notify_ready(n, NULL);
	is_str(got(fd), "READY=1", "... and hears again once it has read");
	notify_close(n);
	close(fd);
	unlink(path);
}

static void test_watchdog(void)
{
	int fd = supervisor(path, strlen(path) + 1);
	struct {
		const char *us, *pid, *want, *what;
	} cases[] = {
	    {"30000000", NULL, "WATCHDOG=1", "a sign of life that was asked for"},
	    {"30000000", "1", "", "none when it was asked of another process"},
	    {"30000000", "x", "", "none when it was asked of nonsense"},
	    {"0", NULL, "", "none at a period of 0"},
	    {"soon", NULL, "", "none at a period of nonsense"},
	    {"30000000", NULL, "WATCHDOG=1", "a sign of life of this very process"},
	};
	char self[32];

	snprintf(self, sizeof(self), "%ld", (long)getpid());
	cases[5].pid = self;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct notify *n;

		open_with(&n, path, cases[i].us, cases[i].pid);
		notify_alive(n);
		is_str(got(fd), cases[i].want, cases[i].what);
		notify_close(n);
	}
	close(fd);
	unlink(path);
}

#ifdef __linux__
static void test_abstract(void)
{
	char name[64];
	int len = snprintf(name, sizeof(name), "@siproxd-notify-test-%ld", (long)getpid()), fd;
	char at = name[0];
	struct notify *n;

	name[0] = '\0';
	fd = supervisor(name, (size_t)len);
	name[0] = at;
	ok(fd >= 0, "an abstract socket");
	is_int(open_with(&n, name, NULL, NULL), 0, "... is reached");
	notify_ready(n, NULL);
	is_str(got(fd), "READY=1", "... by its exact name");
	notify_close(n);
	close(fd);
}
#else
static void test_abstract(void)
{
}
#endif

int main(void)
{
	if (!mkdtemp(dir))
		return 99;
	snprintf(path, sizeof(path), "%s/socket", dir);
	test_nobody_waits();
	test_bad_names();
	test_words();
	test_full();
	test_watchdog();
	test_abstract();
	rmdir(dir);
	return tap_done();
}
