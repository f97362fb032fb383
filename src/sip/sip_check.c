/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sip/sip_check.h"

#include <errno.h>
#include <osipparser2/osip_parser.h>
#include <osipparser2/osip_port.h>
#include <stdarg.h>

#include "base/buf.h"
#include "sip/sip_plain.h"

static bool counts_agree(const struct sip_msg *msg, const osip_message_t *osip)
{
	const struct {
		enum sip_hdr id;
		const osip_list_t *list;
	} lists[] = {
	    {HDR_VIA, &osip->vias},
	    {HDR_ROUTE, &osip->routes},
	    {HDR_RECORD_ROUTE, &osip->record_routes},
	    {HDR_CONTACT, &osip->contacts},
	};

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		if ((unsigned)osip_list_size(lists[i].list) != sip_msg_count(msg, lists[i].id))
			return false;
	return true;
}

static bool host_agrees(struct str nameaddr_uri, const osip_uri_t *theirs)
{
	struct sip_uri ours;

	if (!theirs || sip_uri_parse(&ours, nameaddr_uri) != 0)
		return false;
	if (!sip_uri_is_sip(&ours))
		return true;
	if (ours.host.s[0] == '[') {
		ours.host.s++;
		ours.host.len -= 2;
	}
	return theirs->host && str_is_nocase(ours.host, theirs->host);
}

static struct str uri_for_osip(const struct sip_msg *msg)
{
	/* It knows few schemes, and refuses a message for the others (soap.beep:). */
	return sip_uri_is_sip(&msg->uri) ? msg->uri_text : str_of("tel:+100");
}

/* Unfolded, and in ASCII. */
static void make_plain(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c > ' ' && c < 0x80)
			continue;
		if (str_is_blank(text[i]))
			text[i] = ' ';
		else if (c >= 0x80)
			text[i] = 'x';
	}
}

static void add(struct buf *out, struct str text)
{
	buf_add(out, text.s, text.len);
}

/*
 * What libosip2 gets to see: the start line, and the headers that we route by, each unfolded and
 * in ASCII, as it takes no other byte in a display name without quotes. Its opinion on the other
 * headers is not needed, and lists take it a time that grows with the square of their length.
 */
static void write_for_osip(const struct sip_msg *msg, struct buf *out)
{
	if (msg->is_request) {
		add(out, msg->method_name);
		buf_str(out, " ");
		add(out, uri_for_osip(msg));
		buf_str(out, " SIP/2.0\r\n");
	} else {
		buf_printf(out, "SIP/2.0 %d Reason\r\n", msg->status);
	}
	for (unsigned i = 0; i < msg->n_lines; i++) {
		const struct sip_line *line = &msg->line[i];
		size_t at;

		if (line->id < HDR_VIA || line->id > HDR_RECORD_ROUTE)
			continue;
		add(out, line->name);
		buf_str(out, ": ");
		at = out->len;
		add(out, line->value);
		if (!out->failed)
			make_plain(out->data + at, out->len - at);
		buf_str(out, "\r\n");
	}
	buf_str(out, "\r\n");
}

static bool too_many_params(const struct buf *text)
{
	const char *p = text->data;
	unsigned n = 0;

	for (p += strcspn(p, ";&"); *p && n <= SIP_PARAMS_MAX; p += strcspn(p, ";&")) {
		n++;
		p++;
	}
	return n > SIP_PARAMS_MAX;
}

static const char *compare(const struct sip_msg *msg, const osip_message_t *osip)
{
	if (!osip->cseq || !osip->from || !osip->to || !osip->call_id)
		return "not well-formed";
	if (!counts_agree(msg, osip))
		return "ambiguous header values";
	if (!host_agrees(msg->from.uri, osip->from->url) ||
	    !host_agrees(msg->to.uri, osip->to->url) ||
	    (msg->is_request && !host_agrees(msg->uri_text, osip->req_uri)))
		return "ambiguous URI";
	return NULL;
}

/* RFC 3261 says what a message is through libosip2; that it and our index see the same thing is
 * checked here, since we edit by the index what libosip2 understood. */
enum sip_parse sip_check_asked(const struct sip_msg *msg, const char **why)
{
	osip_message_t *osip = NULL;
	struct buf text = BUF_INIT;
	enum sip_parse result = SIP_PARSE_NOMEM;
	int err;

	*why = "no memory";
	write_for_osip(msg, &text);
	if (text.failed || osip_message_init(&osip) != 0)
		goto out;
	result = SIP_PARSE_BAD;
	*why = "too many parameters";
	if (too_many_params(&text))
		goto out;
	err = osip_message_parse(osip, text.data, text.len);
	*why = err ? "not well-formed" : compare(msg, osip);
	if (err == OSIP_NOMEM)
		result = SIP_PARSE_NOMEM;
	else if (!*why)
		result = SIP_PARSE_OK;
out:
	osip_message_free(osip);
	buf_free(&text);
	return result;
}

enum sip_parse sip_check(const struct sip_msg *msg, const char **why)
{
	return sip_plain(msg) ? SIP_PARSE_OK : sip_check_asked(msg, why);
}

/* libosip2 would write two lines on stderr for every bad message; we tell our own way. */
static void no_trace(const char *file, int line, osip_trace_level_t level, const char *fmt,
    va_list ap)
{
	(void)file, (void)line, (void)level, (void)fmt, (void)ap;
}

int sip_check_init(void)
{
	osip_trace_initialize_func(TRACE_LEVEL0, no_trace);
	return parser_init() == 0 ? 0 : ENOMEM;
}
