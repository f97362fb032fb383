/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sip/sip_header.h"

/* With its length, since each header line is compared with all of them. */
#define NAME(text)                       \
	{                                \
		(text), sizeof(text) - 1 \
	}

static const struct sip_header headers[] = {
    {NAME("Via"), 'v', HDR_VIA, SIP_COMMAS},
    {NAME("From"), 'f', HDR_FROM, SIP_SINGLE},
    {NAME("To"), 't', HDR_TO, SIP_SINGLE},
    {NAME("Call-ID"), 'i', HDR_CALL_ID, SIP_SINGLE},
    {NAME("CSeq"), 0, HDR_CSEQ, SIP_SINGLE},
    {NAME("Contact"), 'm', HDR_CONTACT, SIP_COMMAS},
    {NAME("Route"), 0, HDR_ROUTE, SIP_COMMAS},
    {NAME("Record-Route"), 0, HDR_RECORD_ROUTE, SIP_COMMAS},
    {NAME("Max-Forwards"), 0, HDR_MAX_FORWARDS, SIP_SINGLE},
    {NAME("Expires"), 0, HDR_EXPIRES, SIP_SINGLE},
    {NAME("Session-Expires"), 'x', HDR_SESSION_EXPIRES, SIP_LOOSE},
    {NAME("Retry-After"), 0, HDR_RETRY_AFTER, SIP_LOOSE},
    {NAME("Content-Type"), 'c', HDR_CONTENT_TYPE, SIP_SINGLE},
    {NAME("Content-Length"), 'l', HDR_CONTENT_LENGTH, SIP_SINGLE},
    {NAME("Proxy-Require"), 0, HDR_PROXY_REQUIRE, SIP_COMMAS},
    {NAME("User-Agent"), 0, HDR_USER_AGENT, SIP_LOOSE},
    {NAME("Authorization"), 0, HDR_AUTHORIZATION, SIP_LOOSE},
    {NAME("Proxy-Authorization"), 0, HDR_AUTHORIZATION, SIP_LOOSE},
    {NAME("Refer-To"), 'r', HDR_URI, SIP_LOOSE},
    {NAME("Referred-By"), 'b', HDR_URI, SIP_LOOSE},
    {NAME("P-Asserted-Identity"), 0, HDR_URI, SIP_COMMAS},
    {NAME("P-Preferred-Identity"), 0, HDR_URI, SIP_COMMAS},
    {NAME("P-Associated-URI"), 0, HDR_URI, SIP_COMMAS},
    {NAME("P-Called-Party-ID"), 0, HDR_URI, SIP_LOOSE},
    {NAME("Remote-Party-ID"), 0, HDR_URI, SIP_COMMAS},
    {NAME("Reply-To"), 0, HDR_URI, SIP_LOOSE},
    {NAME("Diversion"), 0, HDR_URI, SIP_COMMAS},
    {NAME("History-Info"), 0, HDR_URI, SIP_COMMAS},
    {NAME("Call-Info"), 0, HDR_URI, SIP_COMMAS},
    {NAME("Alert-Info"), 0, HDR_URI, SIP_COMMAS},
    {NAME("Error-Info"), 0, HDR_URI, SIP_COMMAS},
    {NAME("Replaces"), 0, HDR_DIALOG, SIP_LOOSE},
    {NAME("Join"), 0, HDR_DIALOG, SIP_LOOSE},
    {NAME("Target-Dialog"), 0, HDR_DIALOG, SIP_LOOSE},
    {NAME("In-Reply-To"), 0, HDR_IN_REPLY_TO, SIP_COMMAS},
    {NAME("Path"), 0, HDR_PATH, SIP_COMMAS},
    {NAME("Warning"), 0, HDR_WARNING, SIP_COMMAS},
};

const struct sip_header *sip_header_find(struct str name)
{
	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++) {
		const struct sip_header *h = &headers[i];

		if (name.len == 1 && h->compact && (name.s[0] | 0x20) == h->compact)
			return h;
		if (str_equal_nocase(name, h->name))
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
