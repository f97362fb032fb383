/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sip/sip_sdp.h"

#include <errno.h>
#include <stddef.h>

#include "sip/sip_body.h"
#include "sip/sip_edit.h"

bool sip_sdp_present(const struct sip_msg *msg)
{
	struct str body;

	return sip_body_find(msg, "application/sdp", &body) > 0;
}

/* --- words and addresses ------------------------------------------------------------------ */

/* The next word; len 0 behind the last. */
static struct str next_word(const char **p, const char *end)
{
	const char *start = *p, *stop;

	while (start < end && str_is_blank(*start))
		start++;
	for (stop = start; stop < end && !str_is_blank(*stop);)
		stop++;
	*p = stop;
	return str_range(start, stop);
}

/* Word n (from 0, and small). */
static struct str word(struct str text, unsigned n)
{
	const char *p = text.s, *end = text.s + text.len;
	struct str w;

	do
		w = next_word(&p, end);
	while (n-- > 0);
	return w;
}

static inline bool has_prefix(struct str s, const char *prefix)
{
	size_t len = strlen(prefix);

	/* Most lines differ in their first letter: no need to ask for the rest. */
	return s.len >= len && str_lower(s.s[0]) == str_lower(prefix[0]) &&
	    strncasecmp(s.s, prefix, len) == 0;
}

/* "IP4 192.0.2.1/127", behind the word IN, to the end of the line; len 0: there is none. A word
 * too many, such as in a user name of an o= line, does not matter. */
static struct str ip_part(struct str line)
{
	const char *p = line.s, *end = line.s + line.len;
	struct str w, before = {NULL, 0};

	if (line.len >= 2)
		p += 2;
	for (; (w = next_word(&p, end)).len; before = w)
		if (str_is_nocase(before, "IN") &&
		    (str_is_nocase(w, "IP4") || str_is_nocase(w, "IP6")))
			return str_range(w.s, end);
	return (struct str){end, 0};
}

/* The address in it. EINVAL: a name. */
static int read_address(struct str part, uint16_t port, struct addr *out)
{
	struct str host = word(part, 1);
	const char *slash = memchr(host.s, '/', host.len);

	return addr_parse_n(out, host.s, slash ? (size_t)(slash - host.s) : host.len, port);
}

/* --- reading ------------------------------------------------------------------------------ */

/* RFC 4566 5 ends lines with CR LF or LF; a lone CR is taken for one by some readers. */
static const char *line_stop(const char *p, const char *end)
{
	while (p < end && *p != '\r' && *p != '\n')
		p++;
	if (p < end && *p++ == '\r' && p < end && *p == '\n')
		p++;
	return p;
}

/* "m=audio 49170/2 RTP/AVP 0" */
static int read_m_line(struct sip_sdp *out, struct str text)
{
	struct str value = {text.s + 2, text.len - 2}, port = word(value, 1);
	const char *slash = memchr(port.s, '/', port.len);
	struct sip_sdp_media *m;
	uint64_t n;

	if (out->n_media == SIP_SDP_MEDIA_MAX ||
	    !str_to_uint(slash ? str_range(port.s, slash) : port, 65535, &n))
		return EINVAL;
	m = &out->media[out->n_media++];
	memset(m, 0, sizeof(*m));
	m->type = word(value, 0);
	m->proto = word(value, 2);
	m->port_text = port;
	m->port = (uint16_t)n;
	return m->proto.len ? 0 : EINVAL;
}

/* The m-lines of a fragment only say where in the description its lines belong. */
static int index_lines(struct sip_sdp *out, struct str body, bool fragment)
{
	const char *p = body.s, *end = body.s + body.len;

	while (p < end) {
		const char *stop = line_stop(p, end);
		struct sip_sdp_line *line = &out->line[out->n_lines];

		if (out->n_lines == SIP_SDP_LINES_MAX)
			return EINVAL;
		line->text = str_trim(str_range(p, stop));
		line->whole = str_range(p, stop);
		if (!fragment && has_prefix(line->text, "m=") && read_m_line(out, line->text) != 0)
			return EINVAL;
		line->media = (int)out->n_media - 1;
		out->n_lines++;
		p = stop;
	}
	return fragment || (out->n_lines && has_prefix(out->line[0].text, "v=")) ? 0 : EINVAL;
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
	if (!out->o_line.len)
		return EINVAL;
	read_address(ip_part(out->o_line), 0, &out->origin);
	return 0;
}

/* The session's stand before the m-lines and hold for each; an m-line's own overrule them. */
static void read_attribute(struct sip_sdp *out, int media, struct str text)
{
	for (unsigned i = 0; i < out->n_media; i++) {
		struct sip_sdp_media *m = &out->media[i];

		if (media >= 0 && (unsigned)media != i)
			continue;
		if (str_is(text, "a=inactive") || str_is(text, "a=sendonly"))
			m->held = true;
		else if (str_is(text, "a=sendrecv") || str_is(text, "a=recvonly"))
			m->held = addr_is_any(&m->rtp);
	}
}

/* RFC 3605: "a=rtcp:53020" or "a=rtcp:53020 IN IP4 126.16.64.4" */
static void read_rtcp(struct sip_sdp_media *m, struct str text)
{
	struct str value = {text.s + 7, text.len - 7}, ip = ip_part(text);
	uint64_t port;
	struct addr a;

	if (!str_to_uint(word(value, 0), 65535, &port) || port == 0)
		return;
	m->rtcp_port = (uint16_t)port;
	addr_set_port(&m->rtcp, m->rtcp_port);
	if (ip.len && read_address(ip, (uint16_t)port, &a) == 0)
		m->rtcp = a;
}

static bool is_over_udp(struct str proto)
{
	return !has_prefix(proto, "TCP") && !has_prefix(proto, "SCTP") &&
	    !has_prefix(proto, "DCCP");
}

static void read_media(struct sip_sdp *out, struct sip_sdp_media *m)
{
	struct str c = m->c_line.len ? m->c_line : out->c_line;

	m->relayable = m->port != 0 && is_over_udp(m->proto);
	m->rtcp_port = (uint16_t)(m->port == 65535 ? 65535 : m->port + 1);
	if (!c.len)
		return;
	if (read_address(ip_part(c), m->port, &m->rtp) != 0) {
		m->host = word(ip_part(c), 1);
		return;
	}
	m->held = addr_is_any(&m->rtp);
	m->rtcp = m->rtp;
	addr_set_port(&m->rtcp, m->rtcp_port);
}

static void clear(struct sip_sdp *sdp)
{
	memset(sdp, 0, offsetof(struct sip_sdp, media));
}

int sip_sdp_parse(struct sip_sdp *out, const struct sip_msg *msg)
{
	struct str body;

	clear(out);
	if (sip_body_find(msg, "application/sdp", &body) != 1 || memchr(body.s, '\0', body.len) ||
	    index_lines(out, body, false) != 0 || read_c_and_o(out) != 0)
		return EINVAL;
	for (unsigned i = 0; i < out->n_media; i++)
		read_media(out, &out->media[i]);
	for (unsigned i = 0; i < out->n_lines; i++) {
		struct str text = out->line[i].text;
		int media = out->line[i].media;

		if (has_prefix(text, "a=rtcp:") && media >= 0)
			read_rtcp(&out->media[media], text);
		else if (has_prefix(text, "a="))
			read_attribute(out, media, text);
	}
	return 0;
}

int sip_sdp_parse_fragment(struct sip_sdp *out, const struct sip_msg *msg)
{
	struct str body;
	unsigned n = sip_body_find(msg, "application/trickle-ice-sdpfrag", &body);

	clear(out);
	if (n == 0)
		return ENOENT;
	return n == 1 && !memchr(body.s, '\0', body.len) ? index_lines(out, body, true) : EINVAL;
}

/* --- writing ------------------------------------------------------------------------------ */

static int put_address(struct sip_msg *msg, struct str part, const struct addr *a)
{
	char text[4 + ADDR_TEXT_MAX];

	memcpy(text, addr_family(a) == AF_INET6 ? "IP6 " : "IP4 ", 4);
	addr_format_ip(a, text + 4);
	return sip_edit_replace(msg, part, str_of(text));
}

static bool is_digit(char c, bool ip6)
{
	if ((c >= '0' && c <= '9') || c == '.')
		return true;
	return ip6 && (c == ':' || (str_lower(c) >= 'a' && str_lower(c) <= 'f'));
}

/* What could be an address, if it begins at p: digits and dots, or hexadecimal ones and colons. */
static struct str run_at(struct str text, const char *p, bool ip6)
{
	const char *end = text.s + text.len, *stop = p;

	if (p == end || !is_digit(*p, ip6) || (p > text.s && is_digit(p[-1], ip6)))
		return (struct str){p, 0};
	while (stop < end && is_digit(*stop, ip6))
		stop++;
	while (stop > p && stop[-1] == '.')
		stop--;
	/* Behind a colon that is none of its own */
	if (stop - p > 2 && p[0] == ':' && p[1] != ':')
		p++;
	return str_range(p, stop);
}

/* An address of the side that the description came from, rather than of the Internet. */
static bool is_inside(const struct sip_sdp *sdp, struct str text)
{
	struct addr a;

	if (text.len < 3 || addr_parse_n(&a, text.s, text.len, 0) != 0 || addr_is_any(&a) ||
	    addr_is_loopback(&a))
		return false;
	return addr_is_private(&a) ||
	    (addr_is_set(&sdp->origin) && addr_equal_ip(&a, &sdp->origin));
}

/*
 * Replaces such addresses in lines where nobody looks for one: user data (s=, u=, e=), the user in
 * o=, an MSRP path, a source-filter (where it is even true: we are the source).
 */
static int sweep(const struct sip_sdp *sdp, struct sip_msg *msg, struct str text,
    const struct addr *session)
{
	const char *end = text.s + text.len, *p = text.s;
	char ip[ADDR_TEXT_MAX];
	int err = 0;

	while (p < end && !err) {
		struct str found;

		if (!is_digit(*p, true)) {
			p++;
			continue;
		}
		found = run_at(text, p, true);
		if (!is_inside(sdp, found))
			found = run_at(text, p, false);
		if (is_inside(sdp, found)) {
			err = sip_edit_replace(msg, found, str_of(addr_format_ip(session, ip)));
			p = found.s + found.len;
		} else {
			p++;
		}
	}
	return err;
}

/* Behind the name of an attribute, which could be taken for hexadecimal digits. */
static struct str swept_part(struct str line)
{
	const char *colon = has_prefix(line, "a=") ? memchr(line.s, ':', line.len) : NULL;

	return colon ? str_range(colon + 1, line.s + line.len) : line;
}

/* A c= of 0.0.0.0 means hold. */
static bool is_hold(struct str part)
{
	struct addr a;

	return read_address(part, 0, &a) == 0 && addr_is_any(&a);
}

/* a=rtcp names our RTCP port, with our address where one was written. Who has one port for both
 * (RFC 8858 4) says so: then it is our RTP port. */
static int put_rtcp(struct sip_msg *msg, const struct sip_sdp_media *m, struct str text)
{
	struct str old = {text.s + 7, text.len - 7};
	char ip[ADDR_TEXT_MAX];
	unsigned port = addr_port(&m->relay) + (m->rtcp_port == m->port ? 0u : 1u);

	if (!word(old, 1).len)
		return sip_edit_replacef(msg, old, "%u", port);
	return sip_edit_replacef(msg, old, "%u IN IP%d %s", port,
	    addr_family(&m->relay) == AF_INET6 ? 6 : 4, addr_format_ip(&m->relay, ip));
}

/* RFC 9143: all m-lines on the port of one. Each has a pair of its own here; who offers a bundle
 * must be content without (7.3), and what it would send in the bundle only (port 0) is refused. */
static bool is_bundle(struct str text)
{
	return str_is_nocase(text, "a=bundle-only") ||
	    str_is_nocase(word(text, 0), "a=group:BUNDLE");
}

/* Other ways to the media than m= and c=: they lead past us. */
static bool is_other_way(struct str text)
{
	static const char *const names[] = {"a=candidate:", "a=remote-candidates:", "a=ice-",
	    "a=end-of-candidates", "a=x-candidate", "a=alt:", "a=altc:"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (has_prefix(text, names[i]))
			return true;
	return is_bundle(text);
}

/* To one pair: "49170/2" becomes "7070". */
static int put_port(struct sip_msg *msg, const struct sip_sdp_media *m)
{
	if (!m || !m->port)
		return 0;
	return sip_edit_replace_uint(msg, m->port_text,
	    addr_is_set(&m->relay) ? addr_port(&m->relay) : 0);
}

static int put_line(const struct sip_sdp *sdp, struct sip_msg *msg, const struct sip_sdp_line *line,
    const struct addr *session)
{
	const struct sip_sdp_media *m = line->media < 0 ? NULL : &sdp->media[line->media];
	const struct addr *relay = m && addr_is_set(&m->relay) ? &m->relay : NULL;
	struct str text = line->text, ip = ip_part(text);
	int err = 0;

	if (has_prefix(text, "m="))
		return put_port(msg, m);
	if (has_prefix(text, "a=rtcp:") && relay)
		return put_rtcp(msg, m, text);
	if (has_prefix(text, "a=rtcp:") || is_other_way(text))
		return sip_edit_replace(msg, line->whole, (struct str){NULL, 0});
	if (ip.len && (has_prefix(text, "c=") || has_prefix(text, "o="))) {
		if (has_prefix(text, "o=") || !is_hold(ip))
			err = put_address(msg, ip, relay ? relay : session);
		text.len -= ip.len;
	}
	return err ? err : sweep(sdp, msg, swept_part(text), session);
}

int sip_sdp_apply(const struct sip_sdp *sdp, struct sip_msg *msg, const struct addr *session)
{
	int err = 0;

	for (unsigned i = 0; !err && i < sdp->n_lines; i++)
		err = put_line(sdp, msg, &sdp->line[i], session);
	return err;
}
