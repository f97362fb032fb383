/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/keepalive.h"

#include "proxy/location.h"
#include "proxy/side.h"
#include "siproxd.h"

/* Far more registrars than anybody has; those beyond get one packet for each phone. */
#define REGISTRARS_MAX 64

/* A way to a registrar: its address, or one connection to it. */
struct way {
	struct addr registrar;
	uint64_t connection; /* 0: UDP */
};

struct round {
	struct siproxd *sd;
	struct way done[REGISTRARS_MAX];
	unsigned n_done;
};

static bool is_done(const struct round *r, const struct way *way)
{
	for (unsigned i = 0; i < r->n_done; i++)
		if (r->done[i].connection == way->connection &&
		    addr_equal(&r->done[i].registrar, &way->registrar))
			return true;
	return false;
}

static void keep_open(struct binding *b, void *arg)
{
	static const char blank[] = "\r\n\r\n";
	struct round *r = arg;
	struct siproxd *sd = r->sd;
	struct way way = {b->registrar, b->registrar_connection};
	struct hop hop;

	if (b->expires <= sd->now_s() || !addr_is_set(&b->registrar) || is_done(r, &way))
		return;
	if (r->n_done < REGISTRARS_MAX)
		r->done[r->n_done++] = way;
	if (side_route(sd->sides, &b->registrar, &hop) != 0 || !side_is_behind_nat(sd->sides, &hop))
		return;
	hop.transport = way.connection ? SIP_TCP : SIP_UDP;
	hop.connection = way.connection;
	sd->send(sd->send_arg, blank, sizeof(blank) - 1, &hop);
}

void keepalive_send(struct siproxd *sd)
{
	struct round round = {.sd = sd};

	location_each(sd->location, keep_open, &round);
}
