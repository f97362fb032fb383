/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory runs out once, at each allocation of whole exchanges in turn: nothing crashes, nothing is
 * leaked, all that was kept is forgotten in time, and the same exchange works afterwards.
 */
#include "plugins.h"

#include <osipparser2/osip_parser.h>
#include <osipparser2/osip_port.h>

#include "failing_core.h"
#include "proxy/snapshot.h"
#undef malloc
#undef calloc
#undef realloc
#undef vasprintf
#undef asprintf

/* libosip2 loses what it has already built when its own memory runs out: not ours to mend. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libosipparser2";
}

static long until_failure = -1; /* -1: never */

static bool fails(void)
{
	return until_failure >= 0 && until_failure-- == 0;
}

void *failing_malloc(size_t size)
{
	return fails() ? NULL : malloc(size);
}

void *failing_calloc(size_t count, size_t size)
{
	return fails() ? NULL : calloc(count, size);
}

void *failing_realloc(void *old, size_t size)
{
	return fails() ? NULL : realloc(old, size);
}

int failing_vasprintf(char **out, const char *fmt, va_list ap)
{
	if (!fails())
		return vasprintf(out, fmt, ap);
	*out = NULL;
	return -1;
}

int failing_asprintf(char **out, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = failing_vasprintf(out, fmt, ap);
	va_end(ap);
	return n;
}

#define SDP "Content-Type: application/sdp\n"
#define BODY(ip, port)                                                        \
	"v=0\r\no=- 1 1 IN IP4 " ip "\r\ns=-\r\nc=IN IP4 " ip "\r\nt=0 0\r\n" \
	"m=audio " port " RTP/AVP 0\r\na=rtcp:" port "\r\n"
#define OFFER  BODY("192.168.1.10", "40000")
#define ANSWER BODY("198.51.100.20", "50000")

/* The newest message to that side that begins so; NULL when the exchange broke down before it. */
static const struct core_sent *newest(const struct core *c, enum side side, const char *start)
{
	for (size_t i = c->n_sent; i-- > 0;)
		if (c->sent[i].side == side && strncmp(c->sent[i].text, start, strlen(start)) == 0)
			return &c->sent[i];
	return NULL;
}

static void answer(struct core *c, enum side side, const char *start, const char *status,
    const char *tag, const char *extra, const char *body)
{
	const struct core_sent *m = newest(c, side, start);

	if (m)
		core_answer(c, m, status, tag, extra, body);
}

static bool got(const struct core *c, enum side side, const char *start, const char *cseq)
{
	const struct core_sent *m = newest(c, side, start);

	return m && strcmp(core_header(m, "CSeq", 0), cseq) == 0;
}

static void request(struct core *c, enum side side, const char *method, const char *uri,
    unsigned cseq, const char *tags[2], const char *extra, const char *body)
{
	bool lan = side == LAN;

	core_receive(c, side, lan ? CORE_PHONE : CORE_PROVIDER,
	    "%s %s SIP/2.0\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s%u\nMax-Forwards: 70\n"
	    "From: <sip:%s>%s%s\nTo: <sip:%s>%s%s\nCall-ID: alloc\nCSeq: %u %s\n"
	    "Contact: <sip:%s>\n%s\n%s",
	    method, uri, lan ? CORE_PHONE : CORE_PROVIDER,
	    strcmp(method, "CANCEL") == 0 ? "INVITE" : method, cseq,
	    lan ? "alice@192.168.1.10" : "carol@198.51.100.20", *tags[0] ? ";tag=" : "", tags[0],
	    lan ? "bob@198.51.100.7" : "alice@203.0.113.1", *tags[1] ? ";tag=" : "", tags[1], cseq,
	    method, lan ? "alice@192.168.1.10" : "carol@198.51.100.20", extra, body);
}

static const char *early[] = {"l", ""}, *lan_tags[] = {"l", "w"}, *wan_tags[] = {"w", "l"};

static bool play_register(struct core *c)
{
	core_receive(c, LAN, CORE_PHONE,
	    "REGISTER sip:198.51.100.7 SIP/2.0\nVia: SIP/2.0/UDP 192.168.1.10;branch=z9hG4bKr%ld\n"
	    "From: <sip:alice@198.51.100.7>;tag=r\nTo: <sip:alice@198.51.100.7>\nCall-ID: reg\n"
	    "CSeq: 1 REGISTER\nContact: <sip:alice@192.168.1.10>;+sip.instance=\"<urn:x>\"\n\n",
	    until_failure);
	answer(c, WAN, "REGISTER", "200 OK", "r", "Contact: <sip:alice@203.0.113.1>;expires=300\n",
	    NULL);
	return got(c, LAN, "SIP/2.0 200", "1 REGISTER");
}

static bool play_out(struct core *c)
{
	bool done;

	request(c, LAN, "INVITE", "sip:bob@198.51.100.7", 1, early, SDP, OFFER);
	answer(c, WAN, "INVITE", "183 Progress", "w",
	    "Contact: <sip:bob@198.51.100.20>\nRecord-Route: <sip:198.51.100.7;lr>\n" SDP, ANSWER);
	answer(c, WAN, "INVITE", "200 OK", "w",
	    "Contact: <sip:bob@198.51.100.20>\nRecord-Route: <sip:198.51.100.7;lr>\n" SDP, ANSWER);
	done = got(c, LAN, "SIP/2.0 200", "1 INVITE");
	request(c, LAN, "ACK", "sip:bob@198.51.100.20", 1, lan_tags, "", "");
	request(c, WAN, "UPDATE", "sip:alice@203.0.113.1", 1, wan_tags, SDP, ANSWER);
	answer(c, LAN, "UPDATE", "200 OK", NULL, "Contact: <sip:alice@192.168.1.10>\n" SDP, OFFER);
	request(c, LAN, "BYE", "sip:bob@198.51.100.20", 2, lan_tags,
	    "Route: <sip:192.168.1.1;lr>, <sip:198.51.100.7;lr>\n", "");
	answer(c, WAN, "BYE", "200 OK", NULL, "", NULL);
	return done && got(c, LAN, "SIP/2.0 200", "2 BYE");
}

static bool play_in(struct core *c)
{
	bool done;
	const char *tags[] = {"w", ""}, *rtags[] = {"w", "l"};

	core_receive(c, LAN, CORE_PHONE_2,
	    "REGISTER sip:192.168.1.1 SIP/2.0\nVia: SIP/2.0/UDP 192.168.1.11;branch=z9hG4bKq%ld\n"
	    "From: <sip:alice@192.168.1.1>;tag=r\nTo: <sip:alice@192.168.1.1>\nCall-ID: reg2\n"
	    "CSeq: 1 REGISTER\nContact: <sip:alice@192.168.1.11>\n\n",
	    until_failure);
	request(c, WAN, "INVITE", "sip:alice@203.0.113.1", 1, tags, SDP, ANSWER);
	answer(c, LAN, "INVITE", "180 Ringing", "l", "Contact: <sip:alice@192.168.1.11>\n", NULL);
	answer(c, LAN, "INVITE", "200 OK", "l", "Contact: <sip:alice@192.168.1.11>\n" SDP, OFFER);
	done = got(c, WAN, "SIP/2.0 200", "1 INVITE");
	request(c, WAN, "ACK", "sip:alice@203.0.113.1", 1, rtags, "", "");
	request(c, WAN, "BYE", "sip:alice@203.0.113.1", 2, rtags, "", "");
	answer(c, LAN, "BYE", "200 OK", NULL, "", NULL);
	return done && got(c, WAN, "SIP/2.0 200", "2 BYE");
}

static bool play_cancel(struct core *c)
{
	request(c, LAN, "INVITE", "sip:bob@example.net", 1, early, SDP, OFFER);
	core_resolve("198.51.100.7");
	answer(c, WAN, "INVITE", "180 Ringing", "w", "Contact: <sip:bob@198.51.100.20>\n", NULL);
	request(c, LAN, "CANCEL", "sip:bob@example.net", 1, early, "", "");
	answer(c, WAN, "CANCEL", "200 OK", "w", "", NULL);
	answer(c, WAN, "INVITE", "487 Terminated", "w", "", NULL);
	return got(c, LAN, "SIP/2.0 487", "1 INVITE");
}

/* Silence ends a call from here. */
static bool play_lapse(struct core *c)
{
	request(c, LAN, "INVITE", "sip:bob@198.51.100.7", 1, early, SDP, OFFER);
	answer(c, WAN, "INVITE", "200 OK", "w", "Contact: <sip:bob@198.51.100.20>\n" SDP, ANSWER);
	core_wait(c, 310000);
	return newest(c, LAN, "BYE") && newest(c, WAN, "BYE");
}

static bool play_subscribe(struct core *c)
{
	request(c, LAN, "SUBSCRIBE", "sip:bob@198.51.100.7", 1, early, "Expires: 60\n", "");
	answer(c, WAN, "SUBSCRIBE", "200 OK", "w", "Contact: <sip:bob@198.51.100.20>\n", NULL);
	request(c, WAN, "NOTIFY", "sip:alice@203.0.113.1", 1, wan_tags, "", "");
	answer(c, LAN, "NOTIFY", "200 OK", NULL, "", NULL);
	return got(c, WAN, "SIP/2.0 200", "1 NOTIFY");
}

static const char plugins[] =
    "load_plugin = logcall\nload_plugin = demo\nload_plugin = prefix\nplugin_prefix_akey = 0\n"
    "load_plugin = regex\nplugin_regex_desc = a\nplugin_regex_pattern = bob\n"
    "plugin_regex_replace = 0bob\n"
    "load_plugin = regex_body\nplugin_regex_body_desc = a\nplugin_regex_body_pattern = ^s=.*\n"
    "plugin_regex_body_replace = s=x\n"
    "load_plugin = stripheader\nplugin_stripheader_remove = Allow\n"
    "load_plugin = codecfilter\nplugin_codecfilter_blacklist = G722\n"
    "load_plugin = siptrunk\nplugin_siptrunk_account = sip:alice@192.168.1.1\n"
    "plugin_siptrunk_numbers_regex = ^5+$\n"
    "load_plugin = defaulttarget\nplugin_defaulttarget_target = sip:100@192.168.1.20\n"
    "load_plugin = fix_bogus_via\nplugin_fix_bogus_via_networks = 198.51.100.0/24\n"
    "load_plugin = fix_DTAG\nplugin_fix_DTAG_networks = 203.0.113.0/24\n"
    "load_plugin = stats\nplugin_stats_to_syslog = 1\n"
    "load_plugin = fix_fbox_anoncall\nplugin_fix_fbox_anoncall_networks = 192.168.0.0/16\n"
    "load_plugin = blacklist\nplugin_blacklist_dbpath = \"\"\n";

/* Whatever the plugins can do without memory, the calls go their way. */
static bool play_plugins(struct core *c)
{
	struct config_messages msgs = CONFIG_MESSAGES_INIT;
	long failure = until_failure;
	struct config *config;
	const struct config *old = c->sd.config;
	bool done;

	until_failure = -1;
	config = read_config(plugins, &msgs);
	config_messages_done(&msgs);
	c->sd.config = config;
	until_failure = failure;
	if (plugins_new(&c->sd.plugins, &c->sd, config, (uid_t)-1, (gid_t)-1) != 0)
		c->sd.plugins = NULL;
	done = play_out(c);
	core_wait(c, 400000);
	done &= play_in(c);
	core_wait(c, 400000);
	plugins_free(c->sd.plugins);
	c->sd.plugins = NULL;
	c->sd.config = old;
	config_free(config);
	return done;
}

/* Another core knows what this one has written; only that fails, and the reading of it. */
static void restart(struct core *c)
{
	struct buf text = BUF_INIT;
	struct snapshot_count count;
	int64_t now = core_unix_time, then_s = (int64_t)(timers_now(&c->timers) / 1000);
	long n;

	snapshot_write(&c->sd, 0, SNAPSHOT_MAX, &text);
	n = until_failure;
	until_failure = -1;
	core_stop(c);
	core_init(c);
	core_unix_time = now;
	core_start(c, false);
	until_failure = n;
	if (!text.failed)
		snapshot_read(&c->sd, (struct str){text.data, text.len}, then_s, 0, &count);
	buf_free(&text);
}

/* With a re-INVITE on its way, a subscription, and one that waits for a name. */
static bool play_restart(struct core *c)
{
	const struct core_sent *m;
	struct core_sent copy = {.text = NULL};
	bool done;

	request(c, LAN, "INVITE", "sip:bob@198.51.100.7", 1, early, SDP, OFFER);
	answer(c, WAN, "INVITE", "200 OK", "w", "Contact: <sip:bob@198.51.100.20>\n" SDP, ANSWER);
	request(c, LAN, "ACK", "sip:bob@198.51.100.20", 1, lan_tags, "", "");
	request(c, LAN, "SUBSCRIBE", "sip:bob@198.51.100.7", 9, early, "Expires: 60\n", "");
	answer(c, WAN, "SUBSCRIBE", "200 OK", "s", "Contact: <sip:bob@198.51.100.20>\n", NULL);
	request(c, LAN, "INVITE", "sip:bob@198.51.100.20", 2, lan_tags, SDP, OFFER);
	m = newest(c, WAN, "INVITE");
	if (m) {
		copy = *m;
		copy.text = strdup(m->text);
	}
	request(c, LAN, "INVITE", "sip:bob@example.net", 3, early, SDP, OFFER);
	restart(c);
	core_resolve("198.51.100.7");
	answer(c, WAN, "INVITE sip:bob@example.net", "486 Busy Here", "x", "", NULL);
	if (copy.text)
		core_answer(c, &copy, "200 OK", NULL, "Contact: <sip:bob@198.51.100.20>\n" SDP,
		    ANSWER);
	free(copy.text);
	done = got(c, LAN, "SIP/2.0 200", "2 INVITE");
	request(c, LAN, "BYE", "sip:bob@198.51.100.20", 4, lan_tags, "", "");
	answer(c, WAN, "BYE", "200 OK", NULL, "", NULL);
	return done && got(c, LAN, "SIP/2.0 200", "4 BYE");
}

static const struct {
	const char *what;
	bool (*play)(struct core *c);
	long step; /* so many allocations further each time: the long ones are many */
} plays[] = {
    {"register", play_register, 1},
    {"call out", play_out, 1},
    {"call in", play_in, 1},
    {"cancel", play_cancel, 1},
    {"silence", play_lapse, 1},
    {"subscribe", play_subscribe, 1},
    {"restart", play_restart, 1},
    {"plugins", play_plugins, 23},
};

static bool at_rest(const struct core *c)
{
	const struct siproxd *sd = &c->sd;

	return transactions_count(sd->transactions) == 0 && sd->forwards.count == 0 &&
	    dialogs_count(sd->dialogs) == 0 && calls_count(sd->calls) == 0 && core_lookups() == 0 &&
	    ports_free_count(sd->ports) == ports_total(sd->ports);
}

/* Lets allocations number `n`, and number `n` behind it, fail; false when there are fewer. */
static bool fail_at(bool (*play)(struct core *c), long n, const char **wrong)
{
	struct core c;
	bool reached;

	core_init(&c);
	if (core_start(&c, false) != 0)
		*wrong = "no proxy";
	until_failure = n;
	play(&c);
	reached = until_failure < 0;
	until_failure = -1;
	/* A call whose end got lost ends by its silence; the answer to that comes not either. */
	core_wait(&c, 400000);
	if (c.leaked)
		*wrong = "the WAN saw the LAN";
	if (!at_rest(&c))
		*wrong = "something stayed";
	core_forget(&c);
	if (!play(&c))
		*wrong = "it does not work afterwards";
	core_wait(&c, 400000);
	if (!at_rest(&c))
		*wrong = "something stayed afterwards";
	core_stop(&c);
	if (*wrong)
		printf("# allocation %ld\n", n);
	return reached;
}

int main(void)
{
	osip_set_allocators(failing_malloc, failing_realloc, free);
	for (size_t i = 0; i < sizeof(plays) / sizeof(*plays); i++) {
		const char *wrong = NULL;
		struct core c;
		char what[64];
		long n = 0;

		core_init(&c);
		core_start(&c, false);
		ok(plays[i].play(&c), plays[i].what);
		core_stop(&c);
		while (n < 100000 && fail_at(plays[i].play, n, &wrong) && !wrong)
			n += plays[i].step;
		ok(n > 10 && n < 100000, "memory runs out at each of many allocations");
		snprintf(what, sizeof(what), "%s: without harm", plays[i].what);
		is_str(wrong, NULL, what);
		printf("# %ld allocations\n", n);
	}
	return tap_done();
}
