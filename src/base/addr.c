/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/addr.h"

#include <string.h>

void addr_any(struct addr *out, int family, uint16_t port)
{
	memset(out, 0, sizeof(*out));
	out->u.sa.sa_family = (sa_family_t)family;
	if (family == AF_INET)
		out->u.in.sin_port = htons(port);
	else
		out->u.in6.sin6_port = htons(port);
}
