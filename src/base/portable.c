/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include <errno.h>

#include "base/system.h"

int system_default_gateway(int family, struct addr *gateway, char name[IF_NAMESIZE])
{
	(void)family;
	(void)gateway;
	(void)name;
	return ENOSYS;
}

int system_udp_tell_refusals(int fd, int family)
{
	(void)fd;
	(void)family;
	return ENOSYS;
}

int system_udp_refused(int fd, void *data, size_t size, size_t *len, struct addr *dest)
{
	(void)fd;
	(void)data;
	(void)size;
	(void)len;
	(void)dest;
	return EAGAIN;
}

bool system_port_owner(int type, unsigned port, long *pid)
{
	(void)type;
	(void)port;
	(void)pid;
	return false;
}

bool system_process_name(long pid, char *name, size_t size)
{
	(void)pid;
	(void)name;
	(void)size;
	return false;
}

void system_tcp_ask_ifindex(int listener, int family)
{
	(void)listener;
	(void)family;
}

unsigned system_tcp_ifindex(int fd, int family)
{
	(void)fd;
	(void)family;
	return 0;
}
