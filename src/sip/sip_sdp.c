/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sip/sip_sdp.h"

#include <errno.h>
#include <osipparser2/sdp_message.h>

bool sip_sdp_present(const struct sip_msg *msg)
{
	const struct sip_value *type = sip_msg_value(msg, HDR_CONTENT_TYPE, 0);
	const char *end;

	if (!type || msg->body.len == 0)
		return false;
	end = sip_scan_to(type->text.s, type->text.s + type->text.len, ';');
	return str_is_nocase(str_trim(str_range(type->text.s, end)), "application/sdp");
}

/* Space-separated word n (from 0) of a line. */
static struct str word(struct str line, unsigned n)
{
	const char *p = line.s, *end = line.s + line.len;

	for (;;) {
		const char *start, *stop;

		while (p < end && *p == ' ')
			p++;
		for (start = stop = p; stop < end && *stop != ' ';)
			stop++;
		if (n-- == 0)
			return str_range(start, stop);
		if (stop == end)
			return (struct str){end, 0};
		p = stop;
	}
}

/* The address in "IN IP4 192.0.2.1/127", whose words start at `first`. */
static int read_address(struct str line, unsigned first, uint16_t port, struct addr *out)
{
	struct str host = word(line, first + 2);
	const char *slash = memchr(host.s, '/', host.len);

	if (slash)
		host.len = (size_t)(slash - host.s);
	return addr_parse_n(out, host.s, host.len, port);
}

static int read_m_line(struct sip_sdp_media *m, struct str text)
{
	struct str value = {text.s + 2, text.len - 2};
	struct str port = word(value, 1);
	const char *slash = memchr(port.s, '/', port.len);
	uint64_t n;

	m->type = word(value, 0);
	m->proto = word(value, 2);
	m->port_text = slash ? str_range(port.s, slash) : port;
	if (!m->proto.len || !str_to_uint(m->port_text, 65535, &n))
		return EINVAL;
	m->port = (uint16_t)n;
	return 0;
}

static int index_lines(struct sip_sdp *out, struct str body)
{
	const char *p = body.s, *end = body.s + body.len;

	while (p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		const char *stop = lf ? lf + 1 : end;
		struct str text = str_trim(str_range(p, stop));

		if (out->n_lines == SIP_SDP_LINES_MAX)
			return EINVAL;
		if (text.len >= 2 && text.s[1] == '=' && text.s[0] == 'm') {
			if (out->n_media == SIP_SDP_MEDIA_MAX ||
			    read_m_line(&out->media[out->n_media], text) != 0)
				return EINVAL;
			out->n_media++;
		}
		out->line[out->n_lines].text = text;
		out->line[out->n_lines].whole = str_range(p, stop);
		out->line[out->n_lines++].media = (int)out->n_media - 1;
		p = stop;
	}
	return 0;
}

static bool has_prefix(struct str s, const char *prefix)
{
	size_t len = strlen(prefix);

	return s.len >= len && memcmp(s.s, prefix, len) == 0;
}

static int read_c_and_o(struct sip_sdp *out)
{
	for (unsigned i = 0; i < out->n_lines; i++) {
		struct str text = out->line[i].text;
		int media = out->line[i].media;
		struct str *c = media < 0 ? &out->c_line : &out->media[media].c_line;

		if (has_prefix(text, "o=")) {
			if (media >= 0 || out->o_line.len)
				return EINVAL;
			out->o_line = text;
		} else if (has_prefix(text, "c=") && !c->len) {
			*c = text;
		}
	}
	return out->o_line.len ? 0 : EINVAL;
}

static void read_attribute(struct sip_sdp *out, int media, struct str text)
{
	for (unsigned i = 0; i < out->n_media; i++) {
		struct sip_sdp_media *m = &out->media[i];

		if (media >= 0 && (unsigned)media != i)
			continue;
		if (str_is(text, "a=inactive") || str_is(text, "a=sendonly"))
			m->held = true;
		else if (media >= 0 && (str_is(text, "a=sendrecv") || str_is(text, "a=recvonly")))
			m->held = addr_is_set(&m->rtp) && addr_is_any(&m->rtp);
	}
}

/* RFC 3605: "a=rtcp:53020" or "a=rtcp:53020 IN IP4 126.16.64.4" */
static void read_rtcp(struct sip_sdp_media *m, struct str text)
{
	struct str value = {text.s + 7, text.len - 7};
	uint64_t port;
	struct addr a;

	if (!str_to_uint(word(value, 0), 65535, &port) || port == 0)
		return;
	addr_set_port(&m->rtcp, (uint16_t)port);
	if (word(value, 3).len && read_address(value, 1, (uint16_t)port, &a) == 0)
		m->rtcp = a;
}

static void read_addresses(struct sip_sdp *out)
{
	for (unsigned i = 0; i < out->n_media; i++) {
		struct sip_sdp_media *m = &out->media[i];
		struct str c = m->c_line.len ? m->c_line : out->c_line;
		struct str value = {c.s ? c.s + 2 : NULL, c.len ? c.len - 2 : 0};

		m->relayable = !has_prefix(m->proto, "TCP") && m->port != 0;
		if (!c.len || read_address(value, 0, m->port, &m->rtp) != 0)
			continue;
		m->held = addr_is_any(&m->rtp);
		m->rtcp = m->rtp;
		addr_set_port(&m->rtcp, (uint16_t)(m->port == 65535 ? 65535 : m->port + 1));
	}
	for (unsigned i = 0; i < out->n_lines; i++) {
		struct str text = out->line[i].text;
		int media = out->line[i].media;

		if (has_prefix(text, "a=rtcp:") && media >= 0)
			read_rtcp(&out->media[media], text);
		else if (has_prefix(text, "a="))
			read_attribute(out, media, text);
	}
}

/* libosip2 must find the same media lines with the same ports. */
static bool osip_agrees(const struct sip_sdp *ours, struct str body)
{
	sdp_message_t *theirs = NULL;
	char *text = str_dup(body);
	bool agree = false;

	if (text && sdp_message_init(&theirs) == 0 && sdp_message_parse(theirs, text) == 0) {
		agree = osip_list_size(&theirs->m_medias) == (int)ours->n_media;
		for (unsigned i = 0; agree && i < ours->n_media; i++) {
			const sdp_media_t *m = osip_list_get(&theirs->m_medias, (int)i);

			agree = m && m->m_port && str_is(ours->media[i].port_text, m->m_port);
		}
	}
	sdp_message_free(theirs);
	free(text);
	return agree;
}

int sip_sdp_parse(struct sip_sdp *out, const struct sip_msg *msg)
{
	memset(out, 0, sizeof(*out));
	if (memchr(msg->body.s, '\0', msg->body.len) || index_lines(out, msg->body) != 0 ||
	    read_c_and_o(out) != 0)
		return EINVAL;
	read_addresses(out);
	return osip_agrees(out, msg->body) ? 0 : EINVAL;
}

/* --- writing ------------------------------------------------------------------------------ */

static const char *family_name(const struct addr *a)
{
	return addr_family(a) == AF_INET6 ? "IP6" : "IP4";
}

/* The words "IP4 192.0.2.1" that end a c= or o= line, from its word `first` on. */
static int put_address(struct sip_msg *msg, struct str line, unsigned first, const struct addr *a)
{
	char ip[ADDR_TEXT_MAX];
	struct str type = word(line, first);

	return sip_msg_replacef(msg, str_range(type.s, line.s + line.len), "%s %s",
	    family_name(a), addr_format_ip(a, ip));
}

static int put_c_line(struct sip_msg *msg, struct str line, const struct addr *a)
{
	struct addr old;
	struct str value = {line.s + 2, line.len - 2};

	if (read_address(value, 0, 0, &old) == 0 && addr_is_any(&old))
		return 0;
	return put_address(msg, line, 1, a);
}

static int put_media(struct sip_msg *msg, const struct sip_sdp_media *m,
    const struct addr *session)
{
	const struct addr *a = addr_is_set(&m->relay) ? &m->relay : session;
	int err = 0;

	if (m->port)
		err = sip_msg_replacef(msg, m->port_text, "%u",
		    addr_is_set(&m->relay) ? addr_port(&m->relay) : 0);
	if (!err && m->c_line.len)
		err = put_c_line(msg, m->c_line, a);
	return err;
}

static bool is_ice_line(struct str text)
{
	static const char *const names[] = {"a=candidate:", "a=remote-candidates:", "a=ice-",
	    "a=end-of-candidates"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (has_prefix(text, names[i]))
			return true;
	return false;
}

/* a=rtcp names our RTCP port, with our address where one was written. */
static int put_rtcp(struct sip_msg *msg, const struct sip_sdp_media *m, struct str text)
{
	struct str value = {text.s + 7, text.len - 7};
	struct str old = str_range(value.s, text.s + text.len);
	char ip[ADDR_TEXT_MAX];
	unsigned port = addr_port(&m->relay) + 1u;

	if (!addr_is_set(&m->relay))
		return sip_msg_replace(msg, old, str_of("9"));
	if (!word(value, 1).len)
		return sip_msg_replacef(msg, old, "%u", port);
	return sip_msg_replacef(msg, old, "%u IN %s %s", port, family_name(&m->relay),
	    addr_format_ip(&m->relay, ip));
}

int sip_sdp_apply(const struct sip_sdp *sdp, struct sip_msg *msg, const struct addr *session)
{
	int err = put_address(msg, sdp->o_line, 4, session);

	if (!err && sdp->c_line.len)
		err = put_c_line(msg, sdp->c_line, session);
	for (unsigned i = 0; !err && i < sdp->n_media; i++)
		err = put_media(msg, &sdp->media[i], session);
	for (unsigned i = 0; !err && i < sdp->n_lines; i++) {
		struct str text = sdp->line[i].text;
		int media = sdp->line[i].media;

		if (has_prefix(text, "a=rtcp:") && media >= 0)
			err = put_rtcp(msg, &sdp->media[media], text);
		else if (is_ice_line(text))
			err = sip_msg_replace(msg, sdp->line[i].whole, (struct str){NULL, 0});
	}
	return err;
}
