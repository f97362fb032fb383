/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/way.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "proxy/masquerade.h"
#include "siproxd.h"

bool way_route_uri(const struct sip_msg *req, unsigned n, struct sip_uri *uri)
{
	struct sip_nameaddr addr;

	return sip_nameaddr_uri(sip_msg_value(req, HDR_ROUTE, n)->text, &addr, uri) == 0;
}

bool way_strict_router_names_us(const struct siproxd *sd, const struct sip_msg *req)
{
	return side_is_us(sd->sides, &req->uri) && !req->uri.user.len &&
	    sip_param_get(req->uri.params, "lr", NULL, NULL);
}

/* The Request-URI without the maddr that named us, and without the port and the transport that
 * were meant for us, too. */
static int strip_maddr(struct way *way)
{
	const struct sip_uri *u = &way->uri;
	struct str params = u->params, key;
	struct buf b = BUF_INIT;

	buf_add(&b, u->whole.s, (size_t)(u->host.s + u->host.len - u->whole.s));
	for (const char *p = params.s, *end = p + params.len, *stop; p < end; p = stop) {
		stop = sip_scan_to(p + 1, end, ';');
		key = str_range(p, stop);
		if (!sip_param_get(key, "maddr", NULL, NULL) &&
		    !sip_param_get(key, "transport", NULL, NULL))
			buf_add(&b, key.s, key.len);
	}
	buf_add(&b, u->headers.s, u->headers.len);
	way->text = b.failed ? NULL : buf_take(&b);
	if (!way->text || sip_uri_parse(&way->uri, str_of(way->text)) != 0)
		return ENOMEM;
	way->changed = true;
	return 0;
}

bool way_maddr(const struct sip_uri *uri, struct str *host)
{
	return sip_uri_is_sip(uri) && sip_param_get(uri->params, "maddr", host, NULL) && host->len;
}

static bool maddr_is_us(const struct siproxd *sd, const struct sip_uri *uri)
{
	struct sip_uri as_host = *uri;

	return way_maddr(uri, &as_host.host) && side_is_us(sd->sides, &as_host);
}

int way_find(const struct siproxd *sd, const struct sip_msg *req, struct way *way)
{
	struct sip_uri next;

	memset(way, 0, sizeof(*way));
	way->uri = req->uri;
	way->first = mask_own_routes(sd, req);
	way->end = sip_msg_count(req, HDR_ROUTE);
	if (way->end && way_strict_router_names_us(sd, req)) {
		if (!way_route_uri(req, --way->end, &way->uri))
			return 400;
		way->first = way->first < way->end ? way->first : way->end;
		way->changed = true;
	}
	if (maddr_is_us(sd, &way->uri) && strip_maddr(way) != 0)
		return 500;
	if (way->first == way->end)
		return 0;
	if (!way_route_uri(req, way->first, &next))
		return 400;
	if (!sip_uri_is_sip(&next) || sip_param_get(next.params, "lr", NULL, NULL))
		return 0;
	way->tail = way->uri.whole;
	way->uri = next;
	way->first++;
	way->changed = true;
	return 0;
}

char *way_write_route(const struct sip_msg *req, const struct way *way)
{
	struct buf b = BUF_INIT;

	for (unsigned i = way->first; i < way->end; i++) {
		struct str value = sip_msg_value(req, HDR_ROUTE, i)->text;

		buf_printf(&b, "%s%.*s", b.len ? ", " : "", STR_ARGS(value));
	}
	if (way->tail.len)
		buf_printf(&b, "%s<%.*s>", b.len ? ", " : "", STR_ARGS(way->tail));
	return b.len ? buf_take(&b) : NULL;
}

void way_done(struct way *way)
{
	free(way->text);
	way->text = NULL;
}
