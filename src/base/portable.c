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

bool system_port_owner(int family, unsigned port, char *who, size_t size)
{
	(void)family;
	(void)port;
	(void)who;
	(void)size;
	return false;
}
