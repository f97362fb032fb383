/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sip/sip_via.h"

#include <ctype.h>
#include <errno.h>

#include "sip/sip_uri.h"

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && str_is_blank(*p))
		p++;
	return p;
}

/* Reads a token; what follows it, white space apart, must be `sep` (0: nothing required). */
static int token(const char **p, const char *end, char sep, struct str *out)
{
	const char *start = skip_blanks(*p, end), *q = start;

	while (q < end &&
	    (isalnum((unsigned char)*q) || (!str_is_blank(*q) && !strchr("/;,<>\"", *q))))
		q++;
	*out = str_range(start, q);
	if (out->len == 0)
		return EINVAL;
	if (sep) {
		q = skip_blanks(q, end);
		if (q >= end || *q != sep)
			return EINVAL;
		q++;
	}
	*p = q;
	return 0;
}

int sip_via_parse(struct sip_via *out, struct str value)
{
	const char *p, *end, *stop;
	struct str name;

	memset(out, 0, sizeof(*out));
	value = str_trim(value);
	p = value.s;
	end = p + value.len;
	if (token(&p, end, '/', &name) || token(&p, end, '/', &out->version) ||
	    token(&p, end, 0, &out->transport))
		return EINVAL;
	if (!str_is_nocase(name, "SIP"))
		return EINVAL;
	stop = sip_scan_to(p, end, ';');
	out->sent_by = str_trim(str_range(p, stop));
	out->params = str_range(stop, end);
	if (!sip_is_closed(out->params))
		return EINVAL;
	if (sip_param_get(out->params, "branch", &out->branch, NULL) && out->branch.len &&
	    !str_is_word(out->branch))
		return EINVAL;
	out->rport = sip_param_get(out->params, "rport", NULL, NULL);
	return sip_hostport_parse(out->sent_by, &out->host, &out->port);
}

/* The parameters in place, but for those that only a server may set. */
static void write_params(struct buf *out, struct str params, const struct addr *source)
{
	const char *p = params.s, *end = params.s + params.len;
	bool rport_written = false;

	while (p < end) {
		const char *stop = sip_scan_to(p + 1, end, ';');
		struct str param = str_range(p, stop);

		p = stop;
		/* An empty one is no grammar, least of all in front of ours. */
		if (str_trim(param).len == 1 || sip_param_get(param, "received", NULL, NULL))
			continue;
		if (!sip_param_get(param, "rport", NULL, NULL)) {
			buf_add(out, param.s, param.len);
		} else if (!rport_written) {
			buf_str(out, ";rport=");
			buf_uint(out, addr_port(source));
			rport_written = true;
		}
	}
}

void sip_via_write_received(struct buf *out, struct str value, const struct sip_via *via,
    const struct addr *source)
{
	char ip[ADDR_TEXT_MAX];
	struct addr sent_by;
	bool same = addr_parse_n(&sent_by, via->host.s, via->host.len, 0) == 0 &&
	    addr_equal_ip(&sent_by, source);

	buf_add(out, value.s, (size_t)(via->params.s - value.s));
	write_params(out, via->params, source);
	/* RFC 3581 4: with rport, received is always there. */
	if (!same || via->rport) {
		buf_str(out, ";received=");
		buf_str(out, addr_format_ip(source, ip));
	}
}

void sip_via_listen_addr(const struct sip_via *via, const struct addr *source, struct addr *out)
{
	*out = *source;
	addr_set_port(out, via->port ? via->port : SIP_PORT);
}

void sip_via_reply_addr(const struct sip_via *via, const struct addr *source, struct addr *out)
{
	if (via->rport)
		*out = *source;
	else
		sip_via_listen_addr(via, source, out);
}
