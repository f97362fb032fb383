/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/masquerade.h"

#include <errno.h>

#include "config.h"
#include "proxy/leak_guard.h"
#include "proxy/mask_names.h"
#include "proxy/registration.h"
#include "sip/sip_edit.h"
#include "siproxd.h"

/* --- requests: RFC 3261 16.6 -------------------------------------------------------------- */

/* use_rport, as in siproxd 0.8 */
enum { RPORT_LAN = 1, RPORT_WAN = 2 };

static bool wants_rport(const struct siproxd *sd, const struct hop *to)
{
	if (sd->config->use_rport & (to->side == LAN ? RPORT_LAN : RPORT_WAN))
		return true;
	return side_is_behind_nat(sd->sides, to); /* RFC 3581 */
}

/* Step 8. Towards the WAN ours is the only one; the others wait in the forward. */
static int put_via(const struct siproxd *sd, struct sip_msg *msg, const struct mask_request *how)
{
	const struct hop *to = &how->target->hop;
	const struct sip_value *top = sip_msg_value(msg, HDR_VIA, 0);
	char host[ADDR_TEXT_MAX];
	int err = sip_edit_insertf(msg, sip_msg_line_start(msg, HDR_VIA),
	    "Via: SIP/2.0/%s %s:%u;branch=%s%s\r\n", sip_transport_name(to->transport),
	    addr_format_host(&to->named, host), addr_port(&to->named), how->branch,
	    wants_rport(sd, to) ? ";rport" : "");

	if (err)
		return err;
	if (to->side == WAN) {
		err = sip_edit_remove_lines(msg, HDR_VIA);
	} else {
		struct buf received = BUF_INIT;

		sip_via_write_received(&received, top->text, &msg->via, &how->from->peer);
		err = received.failed
		    ? ENOMEM
		    : sip_edit_replace(msg, top->text, (struct str){received.data, received.len});
		buf_free(&received);
	}
	return err;
}

/* Step 3. The default of 70 is for requests that came without. */
static int put_max_forwards(struct sip_msg *msg)
{
	const struct sip_value *v = sip_msg_value(msg, HDR_MAX_FORWARDS, 0);

	if (!v)
		return sip_edit_insertf(msg, sip_msg_line_end(msg, HDR_VIA),
		    "Max-Forwards: 70\r\n");
	return sip_edit_replace_uint(msg, v->text, (uint64_t)(msg->max_forwards - 1));
}

bool mask_forms_dialog(enum sip_method method)
{
	return method == SIP_INVITE || method == SIP_SUBSCRIBE || method == SIP_REFER;
}

/* Step 4: only the LAN needs a Record-Route of ours; the WAN finds us by our Contact. */
static int put_record_route(struct sip_msg *msg, const struct mask_request *how)
{
	char host[ADDR_TEXT_MAX + 8];
	const struct hop *to = &how->target->hop;

	if (to->side == WAN)
		return sip_edit_remove_lines(msg, HDR_RECORD_ROUTE);
	if (how->from->side == LAN || msg->to_tag.len || !mask_forms_dialog(msg->method))
		return 0;
	return sip_edit_insertf(msg, sip_msg_line_start(msg, HDR_RECORD_ROUTE),
	    "Record-Route: <sip:%s%s;lr>\r\n", mask_host_port(&to->named, host),
	    sip_transport_param(to->transport));
}

static int put_route(struct sip_msg *msg, const struct mask_request *how)
{
	int err = sip_edit_remove_first(msg, HDR_ROUTE, how->own_routes);

	if (!err && how->target->route)
		err = sip_edit_insertf(msg, sip_msg_line_start(msg, HDR_ROUTE), "Route: %s\r\n",
		    how->target->route);
	return err;
}

/* RFC 3327: a way behind us, which waits in the binding. The registrar's answer tells it again. */
static int hide_path(struct sip_msg *msg, const struct mask_request *how)
{
	if (!how->registration || how->target->hop.side != WAN)
		return 0;
	return sip_edit_remove_lines(msg, HDR_PATH);
}

/* max_expires for the Expires header, or for a registrar that says nothing at all; what a Contact
 * says is mask_names' to shorten. */
static int shorten_expires(const struct siproxd *sd, struct sip_msg *msg, const struct forward *fw,
    enum side from)
{
	const struct sip_value *v = sip_msg_value(msg, HDR_EXPIRES, 0);
	int64_t said = msg->expires, told;

	if (!fw->registration || from != WAN || msg->status < 200 || msg->status > 299)
		return 0;
	if (said < 0)
		said = fw->expires_s >= 0 ? fw->expires_s : sd->config->default_expires;
	told = registration_told(sd, said);
	if (told == said)
		return 0;
	if (v)
		return sip_edit_replacef(msg, v->text, "%lld", (long long)told);
	return sip_edit_insertf(msg, sip_msg_line_end(msg, HDR_CSEQ), "Expires: %lld\r\n",
	    (long long)told);
}

static int restore_path(struct sip_msg *msg, const struct forward *fw, enum side from)
{
	const char *path = fw->registration ? registration_path(fw->registration) : NULL;

	if (!path || from != WAN || msg->status > 299)
		return 0;
	return sip_edit_insertf(msg, sip_msg_line_end(msg, HDR_PATH), "Path: %s\r\n", path);
}

/* ua_string hides what the phone calls itself. */
static int put_user_agent(const struct siproxd *sd, struct sip_msg *msg)
{
	const struct sip_line *line = sip_msg_line(msg, HDR_USER_AGENT);

	if (!sd->config->ua_string)
		return 0;
	if (line)
		return sip_edit_replace(msg, line->value, str_of(sd->config->ua_string));
	return sip_edit_insertf(msg, sip_msg_line_end(msg, HDR_CSEQ), "User-Agent: %s\r\n",
	    sd->config->ua_string);
}

int mask_request(const struct siproxd *sd, struct sip_msg *msg, const struct mask_request *how)
{
	const struct target *target = how->target;
	struct mask m = {
	    .sd = sd,
	    .msg = msg,
	    .crossing = target->hop.side == WAN ? REQUEST_OUT : REQUEST_IN,
	    .named = &target->hop.named,
	    .transport = target->hop.transport,
	    .how = how,
	};
	int err = put_via(sd, msg, how);

	msg->needs_length = target->hop.transport == SIP_TCP;
	if (!err && target->uri)
		err = sip_edit_replace(msg, msg->uri_text, str_of(target->uri));
	if (!err)
		err = put_max_forwards(msg);
	if (!err)
		err = put_record_route(msg, how);
	if (!err)
		err = put_route(msg, how);
	if (!err)
		err = hide_path(msg, how);
	if (!err && target->hop.side == WAN)
		err = put_user_agent(sd, msg);
	/* Between two phones on the LAN every name is good as it is. */
	if (!err && how->from->side != target->hop.side)
		err = mask_translate(&m);
	if (!err && target->hop.side == WAN)
		err = leak_guard(sd->sides, msg, m.named);
	return err;
}

/* --- responses: RFC 3261 16.7 ------------------------------------------------------------- */

/* Ours goes; towards a LAN phone its own Vias come back, which the WAN never saw. */
static int pop_via(struct sip_msg *msg, const struct forward *fw, enum side from)
{
	int err;

	if (from != WAN)
		return sip_edit_remove_first(msg, HDR_VIA, 1);
	err = sip_edit_insertf(msg, sip_msg_line_start(msg, HDR_VIA), "%s", fw->vias);
	return err ? err : sip_edit_remove_lines(msg, HDR_VIA);
}

/* A Record-Route value that names us, from the top; -1. */
static int find_own_record_route(const struct siproxd *sd, const struct sip_msg *msg)
{
	const struct sip_value *v;

	for (int i = 0; (v = sip_msg_value(msg, HDR_RECORD_ROUTE, (unsigned)i)); i++) {
		struct sip_nameaddr addr;
		struct sip_uri uri;

		if (sip_nameaddr_uri(v->text, &addr, &uri) == 0 && side_is_us(sd->sides, &uri))
			return i;
	}
	return -1;
}

/* The leading Record-Route values that are ours or the LAN's: nothing for the WAN, whatever the
 * status: phones repeat them in failures too. */
static unsigned inner_record_routes(const struct siproxd *sd, const struct sip_msg *msg)
{
	unsigned n = (unsigned)(find_own_record_route(sd, msg) + 1);
	const struct sip_value *v;
	struct sip_uri uri;

	for (; (v = sip_msg_value(msg, HDR_RECORD_ROUTE, n)); n++)
		if (!mask_find_lan_uri(sd, v->text, &uri))
			break;
	return n;
}

static int response_record_route(const struct siproxd *sd, struct sip_msg *msg,
    const struct forward *fw, enum side from)
{
	char host[ADDR_TEXT_MAX + 8];

	if (from == fw->from.side)
		return 0;
	if (from == LAN)
		return sip_edit_remove_first(msg, HDR_RECORD_ROUTE, inner_record_routes(sd, msg));
	if (!fw->in_dialog && mask_forms_dialog(fw->method) && msg->status > 100 &&
	    msg->status < 300)
		return sip_edit_insertf(msg, sip_msg_line_end(msg, HDR_RECORD_ROUTE),
		    "Record-Route: <sip:%s%s;lr>\r\n%s", mask_host_port(&fw->from.named, host),
		    sip_transport_param(fw->from.transport),
		    fw->record_route ? fw->record_route : "");
	return 0;
}

int mask_response(const struct siproxd *sd, struct sip_msg *msg, const struct forward *fw,
    const struct hop *from)
{
	struct mask m = {
	    .sd = sd,
	    .msg = msg,
	    .crossing = from->side == WAN ? RESPONSE_IN : RESPONSE_OUT,
	    .named = &fw->from.named,
	    .transport = fw->from.transport,
	    .fw = fw,
	};
	int err = pop_via(msg, fw, from->side);

	msg->needs_length = fw->from.transport == SIP_TCP;
	if (!err)
		err = response_record_route(sd, msg, fw, from->side);
	if (!err)
		err = restore_path(msg, fw, from->side);
	if (!err)
		err = shorten_expires(sd, msg, fw, from->side);
	if (!err && fw->from.side == WAN)
		err = put_user_agent(sd, msg);
	if (!err && from->side != fw->from.side)
		err = mask_translate(&m);
	if (!err && fw->from.side == WAN)
		err = leak_guard(sd->sides, msg, m.named);
	return err;
}

/* --- what others ask about ---------------------------------------------------------------- */

unsigned mask_own_routes(const struct siproxd *sd, const struct sip_msg *msg)
{
	const struct sip_value *v;
	unsigned n = 0;

	for (; (v = sip_msg_value(msg, HDR_ROUTE, n)); n++) {
		struct sip_nameaddr addr;
		struct sip_uri uri;

		if (sip_nameaddr_uri(v->text, &addr, &uri) != 0 || !side_is_us(sd->sides, &uri))
			break;
	}
	return n;
}

char *mask_route_behind(const struct siproxd *sd, const struct sip_msg *msg, enum side from)
{
	struct buf b = BUF_INIT;
	int count = (int)sip_msg_count(msg, HDR_RECORD_ROUTE);

	/* In a phone's response the LAN's proxies stand above our own entry, the nearest last. */
	if (!msg->is_request && from == LAN)
		count = find_own_record_route(sd, msg);
	for (int i = 0; i < count; i++) {
		int n = msg->is_request ? i : count - 1 - i;
		struct str text = sip_msg_value(msg, HDR_RECORD_ROUTE, (unsigned)n)->text;

		buf_printf(&b, "%s%.*s", i ? ", " : "", STR_ARGS(text));
	}
	return b.len ? buf_take(&b) : NULL;
}
