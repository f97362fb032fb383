/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * codecfilter: removes codecs from session descriptions, in both directions: the payload type from
 * the m= line, and its rtpmap, fmtp and rtcp-fb. Codecs are known by their rtpmap or, where a
 * static payload type has none, by RFC 3551. An entry fits where it is a part of "G729/8000",
 * whatever the case. An m= line of which no codec would be left stays as it is: better the wrong
 * codec than no voice.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "siproxd/plugin.h"

#define LINES_MAX   512
#define CODEC_MAX   64
#define PT_COUNT    128
#define SDP_MAX_LEN 32768

static const struct plugin_option options[] = {
    {"blacklist", PLUGIN_LIST, NULL, 0, 0, NULL, "codec to remove"},
    {.key = NULL},
};

/* RFC 3551 6, tables 4 and 5 */
static const char *const static_codec[PT_COUNT] = {
    [0] = "PCMU/8000",
    [3] = "GSM/8000",
    [4] = "G723/8000",
    [5] = "DVI4/8000",
    [6] = "DVI4/16000",
    [7] = "LPC/8000",
    [8] = "PCMA/8000",
    [9] = "G722/8000",
    [10] = "L16/44100/2",
    [11] = "L16/44100",
    [12] = "QCELP/8000",
    [13] = "CN/8000",
    [14] = "MPA/90000",
    [15] = "G728/8000",
    [16] = "DVI4/11025",
    [17] = "DVI4/22050",
    [18] = "G729/8000",
    [25] = "CelB/90000",
    [26] = "JPEG/90000",
    [28] = "nv/90000",
    [31] = "H261/90000",
    [32] = "MPV/90000",
    [33] = "MP2T/90000",
    [34] = "H263/90000",
};

static int codecfilter_open(struct plugin_self *self)
{
	if (!plugin_entries(self, "blacklist"))
		return plugin_complain(self, "blacklist", 0,
		    "is not set: there is no codec to remove");
	for (size_t i = 0; i < plugin_entries(self, "blacklist"); i++)
		if (!*plugin_entry(self, "blacklist", i))
			return plugin_complain(self, "blacklist", i, "is empty, and would fit all");
	return 0;
}

/* --- a description as lines --------------------------------------------------------------- */

struct line {
	const char *s;
	size_t len, whole; /* without and with its end */
};

struct sdp {
	struct line line[LINES_MAX];
	size_t count;
};

static bool split(struct sdp *sdp, const char *p, size_t len)
{
	const char *end = p + len;

	sdp->count = 0;
	while (p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p)), *stop = lf ? lf + 1 : end;
		struct line *l = &sdp->line[sdp->count];

		if (sdp->count++ == LINES_MAX)
			return false;
		*l = (struct line){p, (size_t)((lf ? lf : end) - p), (size_t)(stop - p)};
		if (l->len && p[l->len - 1] == '\r')
			l->len--;
		p = stop;
	}
	return true;
}

static bool begins(const struct line *l, const char *with)
{
	size_t len = strlen(with);

	return l->len >= len && strncasecmp(l->s, with, len) == 0;
}

/* The number at `p`, if it is a payload type; -1. *rest is what stands behind it. */
static int payload_type(const char *p, const char *end, const char **rest)
{
	int n = 0;
	const char *start = p;

	while (p < end && *p >= '0' && *p <= '9' && p - start < 4)
		n = 10 * n + (*p++ - '0');
	*rest = p;
	return p > start && n < PT_COUNT ? n : -1;
}

/* --- which codecs ------------------------------------------------------------------------- */

struct media {
	size_t first, end; /* its lines; the first is the m= line */
	char codec[PT_COUNT][CODEC_MAX];
	bool remove[PT_COUNT];
};

static bool contains(const char *text, const char *part)
{
	size_t len = strlen(part);

	for (; *text; text++)
		if (strncasecmp(text, part, len) == 0)
			return true;
	return false;
}

static bool is_blacklisted(const struct plugin_self *self, const char *codec)
{
	const char *entry;

	for (size_t i = 0; (entry = plugin_entry(self, "blacklist", i)); i++)
		if (contains(codec, entry))
			return true;
	return false;
}

/* "a=rtpmap:96 opus/48000/2" */
static void read_rtpmap(struct media *m, const struct line *l)
{
	const char *p, *end = l->s + l->len;
	int pt = payload_type(l->s + strlen("a=rtpmap:"), end, &p);

	if (pt < 0)
		return;
	while (p < end && *p == ' ')
		p++;
	snprintf(m->codec[pt], CODEC_MAX, "%.*s", (int)(end - p), p);
}

/* A repetition of a payload type that goes (RFC 4588) goes with it: "a=fmtp:97 apt=96". */
static void follow_apt(struct media *m, const struct line *l)
{
	const char *p, *end = l->s + l->len, *rest;
	int pt = payload_type(l->s + strlen("a=fmtp:"), end, &p), of;

	for (; pt >= 0 && end - p > 4; p++) {
		if (strncasecmp(p, "apt=", 4) != 0)
			continue;
		of = payload_type(p + 4, end, &rest);
		if (of >= 0 && m->remove[of])
			m->remove[pt] = true;
		return;
	}
}

static void judge(const struct plugin_self *self, const struct sdp *sdp, struct media *m)
{
	memset(m->remove, 0, sizeof(m->remove));
	for (int pt = 0; pt < PT_COUNT; pt++)
		snprintf(m->codec[pt], CODEC_MAX, "%s", static_codec[pt] ? static_codec[pt] : "");
	for (size_t i = m->first; i < m->end; i++)
		if (begins(&sdp->line[i], "a=rtpmap:"))
			read_rtpmap(m, &sdp->line[i]);
	for (int pt = 0; pt < PT_COUNT; pt++)
		m->remove[pt] = *m->codec[pt] && is_blacklisted(self, m->codec[pt]);
	for (size_t i = m->first; i < m->end; i++)
		if (begins(&sdp->line[i], "a=fmtp:"))
			follow_apt(m, &sdp->line[i]);
}

/* --- writing it anew ---------------------------------------------------------------------- */

struct text {
	char *s;
	size_t len;
};

static void add(struct text *t, const char *s, size_t len)
{
	memcpy(t->s + t->len, s, len); /* it never becomes longer than it was */
	t->len += len;
}

/* "RTP/AVP", "UDP/TLS/RTP/SAVPF" */
static bool is_rtp(const char *p, const char *end)
{
	for (; end - p > 4 && *p != ' '; p++)
		if (strncasecmp(p, "RTP/", 4) == 0)
			return true;
	return false;
}

/* "m=audio 7070 RTP/AVP" ends where the payload types begin; NULL: it carries no RTP. */
static const char *formats_of(const struct line *l)
{
	const char *p = l->s, *end = p + l->len;

	for (int blanks = 0; p < end; p++) {
		if (*p != ' ')
			continue;
		if (++blanks == 3)
			return p;
		if (blanks == 2 && !is_rtp(p + 1, end))
			return NULL;
	}
	return NULL;
}

/* Tones and comfort noise alone carry no voice. */
static bool is_voice(const char *codec)
{
	return !contains(codec, "telephone-event") && strncasecmp(codec, "CN/", 3) != 0 &&
	    !contains(codec, "rtx/");
}

/* Walks the payload types of an m= line: how many codecs stay, and how many go. */
static void count_formats(const struct media *m, const struct line *l, unsigned *stay, unsigned *go)
{
	const char *p = formats_of(l), *end = l->s + l->len;

	*stay = *go = 0;
	while (p && p < end) {
		int pt;

		while (p < end && *p == ' ')
			p++;
		pt = payload_type(p, end, &p);
		if (pt >= 0 && m->remove[pt])
			++*go;
		else if (pt >= 0 && is_voice(m->codec[pt]))
			++*stay;
		while (p < end && *p != ' ')
			p++;
	}
}

static void write_m_line(const struct media *m, const struct line *l, struct text *out)
{
	const char *p = formats_of(l), *end = l->s + l->len;

	add(out, l->s, (size_t)(p - l->s));
	while (p < end) {
		const char *word = p, *rest;
		int pt;

		while (p < end && *p == ' ')
			p++;
		pt = payload_type(p, end, &rest);
		while (p < end && *p != ' ')
			p++;
		if (pt < 0 || !m->remove[pt])
			add(out, word, (size_t)(p - word));
	}
	add(out, end, l->whole - l->len);
}

/* An attribute of a payload type that goes. */
static bool is_of_removed(const struct media *m, const struct line *l)
{
	static const char *const names[] = {"a=rtpmap:", "a=fmtp:", "a=rtcp-fb:"};
	const char *rest;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		int pt;

		if (!begins(l, names[i]))
			continue;
		pt = payload_type(l->s + strlen(names[i]), l->s + l->len, &rest);
		return pt >= 0 && m->remove[pt];
	}
	return false;
}

/* True: something goes. */
static bool write_media(struct plugin_self *self, const struct sdp *sdp, struct media *m,
    struct text *out)
{
	const struct line *head = &sdp->line[m->first];
	unsigned stay, go;

	judge(self, sdp, m);
	count_formats(m, head, &stay, &go);
	if (go && !stay)
		plugin_log(self, PLUGIN_INFO,
		    "plugin_codecfilter: \"%.*s\" has no other codec and stays as it is",
		    (int)head->len, head->s);
	if (!go || !stay) {
		add(out, head->s,
		    (size_t)(sdp->line[m->end - 1].s + sdp->line[m->end - 1].whole - head->s));
		return false;
	}
	write_m_line(m, head, out);
	for (size_t i = m->first + 1; i < m->end; i++)
		if (!is_of_removed(m, &sdp->line[i]))
			add(out, sdp->line[i].s, sdp->line[i].whole);
	return true;
}

static bool filter(struct plugin_self *self, const struct sdp *sdp, struct text *out)
{
	struct media m;
	bool changed = false;
	size_t i = 0;

	for (; i < sdp->count && !begins(&sdp->line[i], "m="); i++)
		add(out, sdp->line[i].s, sdp->line[i].whole);
	while (i < sdp->count) {
		m.first = i++;
		while (i < sdp->count && !begins(&sdp->line[i], "m="))
			i++;
		m.end = i;
		changed |= write_media(self, sdp, &m, out);
	}
	return changed;
}

static enum plugin_verdict codecfilter_forward(struct plugin_self *self, struct plugin_msg *m)
{
	struct sdp *sdp;
	struct text out = {NULL, 0};
	size_t len;
	const char *body = plugin_msg_body_part(m, "application/sdp", &len);

	if (!body || len > SDP_MAX_LEN)
		return PLUGIN_PASS;
	sdp = malloc(sizeof(*sdp));
	out.s = malloc(len);
	if (sdp && out.s && split(sdp, body, len) && filter(self, sdp, &out))
		plugin_msg_set_body(m, body, len, out.s, out.len);
	free(sdp);
	free(out.s);
	return PLUGIN_PASS;
}

const struct plugin plugin_codecfilter = {
    .api = PLUGIN_API,
    .name = "codecfilter",
    .meaning = "removes codecs from session descriptions",
    .options = options,
    .open = codecfilter_open,
    .forward = codecfilter_forward,
};
