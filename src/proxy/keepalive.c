/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/keepalive.h"

#include "proxy/location.h"
#include "proxy/side.h"
#include "siproxd.h"

/* Far more registrars than anybody has; those beyond get one packet for each phone. */
#define REGISTRARS_MAX 64

struct round {
	struct siproxd *sd;
	struct addr done[REGISTRARS_MAX];
	unsigned n_done;
};

static bool is_done(const struct round *r, const struct addr *registrar)
{
	for (unsigned i = 0; i < r->n_done; i++)
		if (addr_equal(&r->done[i], registrar))
			return true;
	return false;
}

static void keep_open(struct binding *b, void *arg)
{
	static const char blank[] = "\r\n\r\n";
	struct round *r = arg;
	struct siproxd *sd = r->sd;
	struct hop hop;

	if (b->expires <= sd->now_s() || !addr_is_set(&b->registrar) || is_done(r, &b->registrar))
		return;
	if (r->n_done < REGISTRARS_MAX)
		r->done[r->n_done++] = b->registrar;
	if (side_route(sd->sides, &b->registrar, &hop) == 0 && side_is_behind_nat(sd->sides, &hop))
		sd->send(sd->send_arg, blank, sizeof(blank) - 1, &hop);
}

void keepalive_send(struct siproxd *sd)
{
	struct round round = {.sd = sd};

	location_each(sd->location, keep_open, &round);
}
