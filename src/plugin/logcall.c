/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * logcall: calls in the log. A line for each INVITE, ACK, BYE and CANCEL, as siproxd 0.8 wrote
 * them (but not for repeated ones), and one record of each call when it has ended.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "siproxd/plugin.h"

#define TIME_MAX 24

static const char *what_happens(const struct plugin_msg *m, const char *method)
{
	if (strcmp(method, "INVITE") == 0)
		return plugin_msg_side(m) == PLUGIN_LAN ? "Outgoing (INVITE)" : "Incoming (INVITE)";
	if (strcmp(method, "ACK") == 0)
		return "Acknowledging (ACK)";
	if (strcmp(method, "BYE") == 0)
		return "Ending (BYE)";
	if (strcmp(method, "CANCEL") == 0)
		return "Ending (CANCEL)";
	return NULL;
}

/* "user@host" */
static const char *who(const char *uri_text, char *out, size_t size)
{
	struct plugin_uri uri;

	if (!uri_text || !plugin_uri_parse(uri_text, &uri))
		snprintf(out, size, "%s", uri_text ? uri_text : "?");
	else
		snprintf(out, size, "%.*s%s%.*s", uri.user.len, uri.user.s, uri.user.len ? "@" : "",
		    uri.host.len, uri.host.s);
	return out;
}

static void log_request(struct plugin_self *self, struct plugin_msg *m)
{
	const char *what = what_happens(m, plugin_msg_method(m));
	char from[200], to[200], asked[200];

	if (what && plugin_msg_is_request(m))
		plugin_log(self, PLUGIN_INFO, "%s Call: %s -> %s [Req: %s] [IP: %s] [CID: %s]",
		    what, who(plugin_msg_header(m, "From", 0), from, sizeof(from)),
		    who(plugin_msg_header(m, "To", 0), to, sizeof(to)),
		    who(plugin_msg_uri(m), asked, sizeof(asked)), plugin_msg_source(m),
		    plugin_msg_call_id(m));
}

static enum plugin_verdict logcall_forward(struct plugin_self *self, struct plugin_msg *m)
{
	log_request(self, m);
	return PLUGIN_PASS;
}

/* siproxd answers a CANCEL itself and sends one of its own, so it comes no further than this. */
static enum plugin_verdict logcall_receive(struct plugin_self *self, struct plugin_msg *m)
{
	if (plugin_msg_is_request(m) && strcmp(plugin_msg_method(m), "CANCEL") == 0)
		log_request(self, m);
	return PLUGIN_PASS;
}

/* "2026-11-22T10:30:00Z", or "-" */
static const char *when(int64_t unix_s, char out[static TIME_MAX])
{
	time_t t = (time_t)unix_s;
	struct tm tm;

	if (!unix_s || !gmtime_r(&t, &tm) || !strftime(out, TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm))
		snprintf(out, TIME_MAX, "-");
	return out;
}

/* "1502 packets, 3 lost, jitter 3.1 ms, MOS 4.3" */
static const char *media(const struct plugin_media *m, char *out, size_t size)
{
	int len = snprintf(out, size, "%llu packets", (unsigned long long)m->packets);

	if (m->packets)
		len += snprintf(out + len, size - (size_t)len, ", %llu lost, jitter %.1f ms",
		    (unsigned long long)m->lost, m->jitter_ms);
	if (m->mos > 0)
		snprintf(out + len, size - (size_t)len, ", MOS %.1f", m->mos);
	return out;
}

static void logcall_call(struct plugin_self *self, enum plugin_call_event event,
    const struct plugin_call *call)
{
	char begun[TIME_MAX], answered[TIME_MAX], ended[TIME_MAX], caller[80], callee[80];

	/* A call that was asked for a password comes again at once. */
	if (event != PLUGIN_CALL_ENDS || strcmp(call->result, "407") == 0 ||
	    strcmp(call->result, "401") == 0)
		return;
	plugin_log(self, PLUGIN_INFO,
	    "CALL %u: %s, from %s (%s) to %s (%s), began %s, answered %s, ended %s, %lld seconds, "
	    "result: %s, caller sent: %s, callee sent: %s [CID: %s]",
	    call->number, call->outgoing ? "outgoing" : "incoming", call->from, call->caller,
	    call->to, call->callee, when(call->begun_s, begun), when(call->answered_s, answered),
	    when(call->ended_s, ended),
	    (long long)(call->answered_s ? call->ended_s - call->answered_s : 0), call->result,
	    media(&call->media[0], caller, sizeof(caller)),
	    media(&call->media[1], callee, sizeof(callee)), call->call_id);
}

const struct plugin plugin_logcall = {
    .api = PLUGIN_API,
    .name = "logcall",
    .meaning = "writes calls into the log",
    .receive = logcall_receive,
    .forward = logcall_forward,
    .call = logcall_call,
};
