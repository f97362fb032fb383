/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include "base/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

struct notify {
	int fd;
	bool watched; /* a sign of life is expected */
};

static int read_address(const char *name, struct sockaddr_un *un, socklen_t *len)
{
	size_t n = strlen(name);

	if (name[0] != '/' && (name[0] != '@' || n < 2))
		return EAFNOSUPPORT; /* "vsock:", for virtual machines */
	if (n >= sizeof(un->sun_path))
		return ENAMETOOLONG;
	memset(un, 0, sizeof(*un));
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, name, n);
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	/* An abstract name is what the length says, with no NUL behind it. */
	if (name[0] == '@')
		un->sun_path[0] = '\0';
	else
		*len += 1;
	return 0;
}

/* Not blocking: a supervisor that does not read loses a line, and no phone waits for it. */
static int connect_to(const char *name, int *fd)
{
	struct sockaddr_un un;
	socklen_t len;
	int err = read_address(name, &un, &len);

	if (!err)
		err = fd_socket(AF_UNIX, SOCK_DGRAM, fd);
	if (!err && connect(*fd, (struct sockaddr *)&un, len) != 0)
		err = errno;
	return err;
}

static bool is_for_us(const char *pid)
{
	uint64_t number;

	return !pid ||
	    (str_to_uint(str_of(pid), INT64_MAX, &number) && number == (uint64_t)getpid());
}

static bool is_watched(const struct notify_env *env)
{
	uint64_t period_us;

	return env->watchdog_us && str_to_uint(str_of(env->watchdog_us), INT64_MAX, &period_us) &&
	    period_us > 0 && is_for_us(env->watchdog_pid);
}

int notify_open(struct notify **out, const struct notify_env *env)
{
	struct notify *n;
	int err;

	*out = NULL;
	if (!env->socket || !*env->socket)
		return 0;
	n = malloc(sizeof(*n));
	if (!n)
		return ENOMEM;
	*n = (struct notify){.fd = -1, .watched = is_watched(env)};
	err = connect_to(env->socket, &n->fd);
	if (err) {
		notify_close(n);
		return err;
	}
	*out = n;
	return 0;
}

void notify_close(struct notify *n)
{
	if (!n)
		return;
	fd_close(&n->fd);
	free(n);
}

/* Whether it arrives is the supervisor's business: it may have been replaced under us. */
static void tell(struct notify *n, const char *text)
{
	if (n)
		send(n->fd, text, strlen(text), 0);
}

void notify_ready(struct notify *n, const char *status)
{
	char text[512];

	snprintf(text, sizeof(text), "READY=1%s%s", status ? "\nSTATUS=" : "",
	    status ? status : "");
	tell(n, text);
}

/* The time lets systemd match the READY=1 that follows; Type=notify-reload insists on it. */
void notify_reloading(struct notify *n)
{
	struct timespec now;
	char text[80];

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
	    (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
	tell(n, text);
}

void notify_stopping(struct notify *n)
{
	tell(n, "STOPPING=1");
}

void notify_alive(struct notify *n)
{
	if (n && n->watched)
		tell(n, "WATCHDOG=1");
}
