/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sip/sip_reply.h"

static const struct {
	int status;
	const char *reason;
} reasons[] = {
    {100, "Trying"},
    {200, "OK"},
    {400, "Bad Request"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {416, "Unsupported URI Scheme"},
    {420, "Bad Extension"},
    {423, "Interval Too Brief"},
    {480, "Temporarily Unavailable"},
    {481, "Call/Transaction Does Not Exist"},
    {482, "Loop Detected"},
    {483, "Too Many Hops"},
    {486, "Busy Here"},
    {487, "Request Terminated"},
    {488, "Not Acceptable Here"},
    {500, "Server Internal Error"},
    {503, "Service Unavailable"},
    {504, "Server Time-out"},
    {505, "Version Not Supported"},
    {513, "Message Too Large"},
};

const char *sip_reply_reason(int status)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Error";
}

void sip_reply_vias(struct buf *out, const struct sip_msg *req, const struct addr *source)
{
	bool top = true;

	for (unsigned i = 0; i < req->n_values; i++) {
		const struct sip_value *v = &req->value[i];

		/* A request that is refused may hold empty ones. */
		if (v->id != HDR_VIA || !v->text.len)
			continue;
		buf_str(out, "Via: ");
		if (top)
			sip_via_write_received(out, v->text, &req->via, source);
		else
			buf_add(out, v->text.s, v->text.len);
		buf_str(out, "\r\n");
		top = false;
	}
}

static void copy_line(struct buf *out, const struct sip_msg *req, enum sip_hdr id)
{
	const struct sip_line *line = sip_msg_line(req, id);

	if (line)
		buf_add(out, line->whole.s, line->whole.len);
}

/* "To: <sip:b@h>;" with an empty parameter at its end would get two semicolons. */
static void write_to(struct buf *out, struct str value, const char *tag)
{
	while (value.len && (str_is_blank(value.s[value.len - 1]) || value.s[value.len - 1] == ';'))
		value.len--;
	buf_str(out, "To: ");
	buf_add(out, value.s, value.len);
	buf_str(out, ";tag=");
	buf_str(out, tag);
	buf_str(out, "\r\n");
}

void sip_reply_head(struct buf *out, const struct sip_msg *req, const struct addr *source,
    const char *to_tag)
{
	const struct sip_line *to = sip_msg_line(req, HDR_TO);

	sip_reply_vias(out, req, source);
	copy_line(out, req, HDR_FROM);
	/* One that nobody can read might swallow the tag in an open quote. */
	if (to && to_tag && !req->to_tag.len && req->to.uri.len)
		write_to(out, to->value, to_tag);
	else
		copy_line(out, req, HDR_TO);
	copy_line(out, req, HDR_CALL_ID);
	copy_line(out, req, HDR_CSEQ);
}

void sip_reply_write(struct buf *out, int status, const char *head, const char *extra)
{
	sip_reply_write_why(out, status, NULL, head, extra);
}

void sip_reply_write_why(struct buf *out, int status, const char *why, const char *head,
    const char *extra)
{
	buf_str(out, "SIP/2.0 ");
	buf_uint(out, (unsigned)status);
	buf_str(out, " ");
	buf_str(out, sip_reply_reason(status));
	if (why)
		buf_printf(out, " (%s)", why);
	buf_str(out, "\r\n");
	buf_str(out, head ? head : "");
	buf_str(out, extra ? extra : "");
	buf_str(out, "Content-Length: 0\r\n\r\n");
}
