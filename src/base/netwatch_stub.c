/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "build-config.h"

#include <errno.h>

#include "base/netwatch.h"

int netwatch_open(struct netwatch **out, struct loop *loop, netwatch_fn *fn, void *arg)
{
	(void)loop;
	(void)fn;
	(void)arg;
	*out = NULL;
	return ENOSYS;
}

void netwatch_close(struct netwatch *w)
{
	(void)w;
}
