/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/addr.h"
#include "tap.h"

int main(void)
{
	struct addr a;

	addr_any(&a, AF_INET, 5060);
	is_int(ntohs(a.u.in.sin_port), 5060, "the wildcard address keeps its port");
	return tap_done();
}
