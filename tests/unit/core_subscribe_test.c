/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SUBSCRIBE, REFER and their NOTIFYs: how long there is a way back to the phone. */
#include "core.c"

static unsigned n;

static void start(struct core *c)
{
	core_init(c);
	core_start(c, false);
	core_register(c, CORE_PHONE, "x");
}

#define DIALOG                                                                          \
	"Via: SIP/2.0/UDP %s;branch=z9hG4bKsub%u\nFrom: <sip:%s@198.51.100.7>;tag=%s\n" \
	"To: <sip:%s@198.51.100.7>%s%s\nCall-ID: sub\nCSeq: %u %s\n%s\n"

/* The phone asks, in or out of a dialog. */
static void phone(struct core *c, const char *method, const char *to_tag, const char *extra)
{
	n++;
	core_receive(c, LAN, CORE_PHONE,
	    "%s sip:y@198.51.100.7 SIP/2.0\nContact: <sip:x@192.168.1.10>\n" DIALOG, method,
	    "192.168.1.10", n, "x", "xt", "y", *to_tag ? ";tag=" : "", to_tag, n, method, extra);
}

static void far(struct core *c, const char *method, const char *tag, const char *extra)
{
	n++;
	core_receive(c, WAN, CORE_PROVIDER,
	    "%s sip:x@203.0.113.1 SIP/2.0\nContact: <sip:y@198.51.100.20>\n" DIALOG, method,
	    "198.51.100.7", n, "y", tag, "x", ";tag=", "xt", n, method, extra);
}

/* The phone's request gets that answer. */
static void asked(struct core *c, const char *method, const char *to_tag, const char *ask,
    const char *status, const char *answer)
{
	const struct core_sent *m;
	char extra[256];

	phone(c, method, to_tag, ask);
	if (strcmp(method, "INVITE") == 0)
		core_expect(c, LAN, "SIP/2.0 100", "100");
	m = core_expect(c, WAN, method, method);
	snprintf(extra, sizeof(extra), "Contact: <sip:y@198.51.100.20>\n%s", answer);
	core_answer(c, m, status, "yt", extra, NULL);
	core_expect(c, LAN, "SIP/2.0 2", "... is accepted");
}

/* A NOTIFY reaches the phone, which answers it so; or it finds nobody. */
static void notified(struct core *c, const char *tag, const char *extra, const char *status)
{
	const struct core_sent *m;

	far(c, "NOTIFY", tag, extra);
	if (!status) {
		core_expect(c, WAN, "SIP/2.0 481", "a NOTIFY finds nobody");
		return;
	}
	m = core_expect(c, LAN, "NOTIFY sip:x@192.168.1.10 ", "a NOTIFY finds the phone");
	core_answer(c, m, status, NULL, "", NULL);
	core_expect(c, WAN, "SIP/2.0 ", "and is answered");
}

#define ACTIVE(s) "Event: dialog\nSubscription-State: active;expires=" s "\n"
#define OVER      "Event: dialog\nSubscription-State: terminated;reason=timeout\n"
#define HOUR      3600000

static void test_for_hours(void)
{
	struct core c;

	start(&c);
	asked(&c, "SUBSCRIBE", "", "Event: dialog\nExpires: 36000\n", "200 OK", "Expires: 36000\n");
	core_wait(&c, 9 * HOUR);
	notified(&c, "yt", ACTIVE("3600"), "200 OK");
	core_wait(&c, HOUR - 10000);
	notified(&c, "yt", ACTIVE("7200"), "200 OK");
	core_wait(&c, 2 * HOUR - 10000);
	asked(&c, "SUBSCRIBE", "yt", "Event: dialog\nExpires: 600\n", "200 OK", "Expires: 600\n");
	core_wait(&c, 600000);
	notified(&c, "yt", "Event: dialog\nSubscription-State: active\n", "200 OK");
	core_wait(&c, 70000);
	notified(&c, "yt", ACTIVE("600"), NULL);
	core_finish(&c, 200000, "all is forgotten");
}

static void test_ends(void)
{
	static const struct {
		const char *extra, *status;
		bool goes_on;
	} ends[] = {
	    {OVER, "200 OK", false},
	    {ACTIVE("3600"), "481 Gone", false},
	    {OVER, "401 Who", true},
	    {ACTIVE("1"), "500 Error", true},
	    {"Event: presence\nSubscription-State: terminated\n", "200 OK", true},
	};

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		struct core c;

		start(&c);
		asked(&c, "SUBSCRIBE", "", "Event: dialog\nExpires: 3600\n", "200 OK",
		    "Expires: 3600\n");
		notified(&c, "yt", ends[i].extra, ends[i].status);
		notified(&c, "yt", ACTIVE("10"), "500 Not now");
		core_wait(&c, 100000);
		core_forget(&c);
		notified(&c, "yt", ACTIVE("10"), ends[i].goes_on ? "500 Not now" : NULL);
		core_wait(&c, 4000000);
		core_finish(&c, 200000, "all is forgotten");
	}
}

/* Two subscriptions in one dialog: the end of one is not the other's. */
static void test_several(void)
{
	struct core c;

	start(&c);
	asked(&c, "SUBSCRIBE", "", "Event: dialog\n", "200 OK", "Expires: 3600\n");
	asked(&c, "SUBSCRIBE", "yt", "o: dialog;id=2\n", "200 OK", "Expires: 3600\n");
	notified(&c, "yt", OVER, "200 OK");
	core_wait(&c, HOUR / 2);
	notified(&c, "yt", "o: dialog;id=2\nSubscription-State: active\n", "200 OK");
	core_wait(&c, HOUR);
	core_finish(&c, 200000, "all is forgotten");
}

/* A NOTIFY before the 202, and from a fork that never answers the SUBSCRIBE itself. */
static void test_early(void)
{
	const struct core_sent *m;
	struct core_sent subscribe;
	struct core c;

	start(&c);
	phone(&c, "SUBSCRIBE", "", "Event: dialog\nExpires: 3600\n");
	subscribe = *core_expect(&c, WAN, "SUBSCRIBE", "SUBSCRIBE");
	subscribe.text = strdup(subscribe.text);
	notified(&c, "yt", ACTIVE("3600"), "200 OK");
	notified(&c, "fork", ACTIVE("3600"), "200 OK");
	core_answer(&c, &subscribe, "200 OK", "yt",
	    "Contact: <sip:y@198.51.100.20>\nExpires: 3600\n", NULL);
	m = core_expect(&c, LAN, "SIP/2.0 200", "200");
	(void)m;
	core_wait(&c, HOUR - 100000);
	notified(&c, "fork", OVER, "200 OK");
	notified(&c, "yt", OVER, "200 OK");
	free(subscribe.text);
	core_finish(&c, 200000, "all is forgotten");
}

/* A transfer: REFER within the call, which ends before it is known how that went. */
static void test_refer_survives(void)
{
	struct core c;

	for (int i = 0; i < 2; i++) {
		start(&c);
		asked(&c, "INVITE", "", "", "200 OK", "");
		phone(&c, "ACK", "yt", "");
		core_expect(&c, WAN, "ACK", "a call");
		asked(&c, "REFER", "yt", "Refer-To: <sip:z@198.51.100.7>\n", "202 Accepted", "");
		notified(&c, "yt", "Event: refer\nSubscription-State: active;expires=60\n",
		    "200 OK");
		if (i)
			notified(&c, "yt", "Event: refer;id=7\nSubscription-State: terminated\n",
			    "200 OK");
		asked(&c, "BYE", "yt", "", "200 OK", "");
		is_int((long long)calls_count(c.sd.calls), 0, "the call is over");
		if (i) {
			notified(&c, "yt", "Event: refer\nSubscription-State: active\n", NULL);
		} else {
			core_wait(&c, 50000);
			notified(&c, "yt",
			    "Event: refer;id=7\nSubscription-State: terminated;reason=noresource\n",
			    "200 OK");
		}
		core_finish(&c, 200000, "all is forgotten");
	}
}

int main(void)
{
	test_for_hours();
	test_ends();
	test_several();
	test_early();
	test_refer_survives();
	return tap_done();
}
