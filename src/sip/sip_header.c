/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sip/sip_header.h"

static const struct sip_header headers[] = {
    {"Via", 'v', HDR_VIA, SIP_COMMAS},
    {"From", 'f', HDR_FROM, SIP_SINGLE},
    {"To", 't', HDR_TO, SIP_SINGLE},
    {"Call-ID", 'i', HDR_CALL_ID, SIP_SINGLE},
    {"CSeq", 0, HDR_CSEQ, SIP_SINGLE},
    {"Contact", 'm', HDR_CONTACT, SIP_COMMAS},
    {"Route", 0, HDR_ROUTE, SIP_COMMAS},
    {"Record-Route", 0, HDR_RECORD_ROUTE, SIP_COMMAS},
    {"Max-Forwards", 0, HDR_MAX_FORWARDS, SIP_SINGLE},
    {"Expires", 0, HDR_EXPIRES, SIP_SINGLE},
    {"Session-Expires", 'x', HDR_SESSION_EXPIRES, SIP_LOOSE},
    {"Retry-After", 0, HDR_RETRY_AFTER, SIP_LOOSE},
    {"Content-Type", 'c', HDR_CONTENT_TYPE, SIP_SINGLE},
    {"Content-Length", 'l', HDR_CONTENT_LENGTH, SIP_SINGLE},
    {"Proxy-Require", 0, HDR_PROXY_REQUIRE, SIP_COMMAS},
    {"User-Agent", 0, HDR_USER_AGENT, SIP_LOOSE},
    {"Authorization", 0, HDR_AUTHORIZATION, SIP_LOOSE},
    {"Proxy-Authorization", 0, HDR_AUTHORIZATION, SIP_LOOSE},
    {"Refer-To", 'r', HDR_URI, SIP_LOOSE},
    {"Referred-By", 'b', HDR_URI, SIP_LOOSE},
    {"P-Asserted-Identity", 0, HDR_URI, SIP_COMMAS},
    {"P-Preferred-Identity", 0, HDR_URI, SIP_COMMAS},
    {"P-Associated-URI", 0, HDR_URI, SIP_COMMAS},
    {"P-Called-Party-ID", 0, HDR_URI, SIP_LOOSE},
    {"Remote-Party-ID", 0, HDR_URI, SIP_COMMAS},
    {"Reply-To", 0, HDR_URI, SIP_LOOSE},
    {"Diversion", 0, HDR_URI, SIP_COMMAS},
    {"History-Info", 0, HDR_URI, SIP_COMMAS},
    {"Call-Info", 0, HDR_URI, SIP_COMMAS},
    {"Alert-Info", 0, HDR_URI, SIP_COMMAS},
    {"Error-Info", 0, HDR_URI, SIP_COMMAS},
    {"Replaces", 0, HDR_DIALOG, SIP_LOOSE},
    {"Join", 0, HDR_DIALOG, SIP_LOOSE},
    {"Target-Dialog", 0, HDR_DIALOG, SIP_LOOSE},
    {"In-Reply-To", 0, HDR_IN_REPLY_TO, SIP_COMMAS},
    {"Path", 0, HDR_PATH, SIP_COMMAS},
    {"Warning", 0, HDR_WARNING, SIP_COMMAS},
};

const struct sip_header *sip_header_find(struct str name)
{
	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++) {
		const struct sip_header *h = &headers[i];

		if (name.len == 1 && h->compact && (name.s[0] | 0x20) == h->compact)
			return h;
		if (str_is_nocase(name, h->name))
			return h;
	}
	return NULL;
}

static const struct {
	const char *name;
	enum sip_method method;
} methods[] = {
    {"INVITE", SIP_INVITE},
    {"ACK", SIP_ACK},
    {"BYE", SIP_BYE},
    {"CANCEL", SIP_CANCEL},
    {"REGISTER", SIP_REGISTER},
    {"OPTIONS", SIP_OPTIONS},
    {"UPDATE", SIP_UPDATE},
    {"PRACK", SIP_PRACK},
    {"SUBSCRIBE", SIP_SUBSCRIBE},
    {"NOTIFY", SIP_NOTIFY},
    {"REFER", SIP_REFER},
};

enum sip_method sip_method_of(struct str name)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (str_is(name, methods[i].name))
			return methods[i].method;
	return SIP_OTHER;
}
