/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Torture messages, of our own making, after the descriptions of RFC 4475 and RFC 5118; each file
 * in tests/data/sip/torture is named after its section. What is refused or dropped changes
 * nothing; what is well-formed is forwarded as a proxy forwards it.
 */
#include "core.c"

#include "proxy/location.h"

enum fate { FORWARDED, DROPPED };

static const struct {
	const char *file;
	int fate; /* or the status that it is answered with */
} requests[] = {
    {"4475-3.1.1.1-wsinv", FORWARDED},
    {"4475-3.1.1.2-intmeth", FORWARDED},
    /* RFC 4475 has a quoted NUL pass. No phone sends one, and a byte that ends strings in
     * half of all programs had better not get further. */
    {"4475-3.1.1.2-intmeth-nul", 400},
    {"4475-3.1.1.3-esc01", FORWARDED},
    {"4475-3.1.1.4-escnull", FORWARDED},
    {"4475-3.1.1.5-esc02", FORWARDED},
    {"4475-3.1.1.6-lwsdisp", FORWARDED},
    {"4475-3.1.1.7-longreq", FORWARDED},
    {"4475-3.1.1.8-dblreq", FORWARDED},
    {"4475-3.1.1.9-semiuri", FORWARDED},
    {"4475-3.1.1.10-transports", FORWARDED},
    {"4475-3.1.1.11-mpart01", FORWARDED},
    {"4475-3.1.2.1-badinv01", 400},
    {"4475-3.1.2.2-clerr", 400},
    {"4475-3.1.2.3-ncl", 400},
    {"4475-3.1.2.4-scalar02", 400},
    {"4475-3.1.2.6-quotbal", 400},
    {"4475-3.1.2.7-ltgtruri", 400},
    {"4475-3.1.2.8-lwsruri", 400},
    {"4475-3.1.2.9-lwsstart", 400},
    {"4475-3.1.2.10-trws", 400},
    {"4475-3.1.2.11-escruri", 400},
    {"4475-3.1.2.12-baddate", FORWARDED}, /* a proxy does not care for the date */
    {"4475-3.1.2.13-regbadct", 400},
    {"4475-3.1.2.14-badaspec", 400}, /* "always reasonable" */
    {"4475-3.1.2.15-baddn", 400},    /* likewise */
    {"4475-3.1.2.16-badvers", 505},
    {"4475-3.1.2.17-mismatch01", 400},
    {"4475-3.1.2.18-mismatch02", 400},
    {"4475-3.2.1-badbranch", FORWARDED},
    {"4475-3.3.1-insuf", 400},
    {"4475-3.3.2-unkscm", 416},
    {"4475-3.3.3-novelsc", 416},
    {"4475-3.3.4-unksm2", 400},
    {"4475-3.3.5-bext01", 420},
    {"4475-3.3.6-invut", FORWARDED},
    {"4475-3.3.7-regaut01", FORWARDED},
    {"4475-3.3.8-multi01", 400},
    {"4475-3.3.9-mcl01", 400},
    {"4475-3.3.11-zeromf", 200}, /* 16.3 step 3: OPTIONS may be answered */
    {"4475-3.3.11-zeromf-invite", 483},
    {"4475-3.3.12-cparam01", FORWARDED},
    {"4475-3.3.13-cparam02", FORWARDED},
    {"4475-3.3.14-regescrt", FORWARDED},
    {"4475-3.3.15-sdp01", FORWARDED},
    {"4475-3.4.1-inv2543", FORWARDED},
    {"5118-4.1-good", FORWARDED},
    {"5118-4.2-bad", 400},
    {"5118-4.3-port-ambiguous", FORWARDED},
    {"5118-4.4-port-unambiguous", FORWARDED},
    {"5118-4.5-received-with-brackets", FORWARDED},
    {"5118-4.5-received-without-brackets", FORWARDED},
    {"5118-4.6-sdp", FORWARDED},
    {"5118-4.7-several-addresses", FORWARDED},
    {"5118-4.8-several-addresses-in-sdp", FORWARDED},
    {"5118-4.9-mapped", FORWARDED},
    {"5118-4.10-three-colons", 400},
};

static size_t read_file(const char *name, char *data, size_t size)
{
	const char *top = getenv("top_srcdir");
	char path[512];
	size_t len = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/data/sip/torture/%s.sip", top ? top : ".", name);
	f = fopen(path, "rb");
	if (f) {
		len = fread(data, 1, size - 1, f);
		fclose(f);
	}
	data[len] = '\0';
	return len;
}

static void receive_file(struct core *c, enum side side, const char *peer, const char *data,
    size_t len)
{
	struct addr a;

	parse_peer(peer, &a);
	deliver(c, side, &a, 0, data, len);
}

static const struct core_sent *last_to(struct core *c, enum side side)
{
	const struct core_sent *m, *last = NULL;

	while ((m = core_next(c)))
		if (m->side == side)
			last = m;
	return last;
}

/* Method and body come out as they went in, whatever they are. */
static bool same_ends(const struct core_sent *m, const char *data, size_t len)
{
	const char *body = strstr(data, "\r\n\r\n");
	size_t method = strcspn(data, " "), rest = body ? len - (size_t)(body - data) : 0;

	if (strstr(data, "application/sdp") || strstr(data, "dblreq"))
		rest = 0; /* rewritten, or cut at its Content-Length */
	return m && strncmp(m->text, data, method + 1) == 0 && m->len >= rest &&
	    (rest == 0 || memcmp(m->text + m->len - rest, body, rest) == 0);
}

static void test_request(const char *file, int fate)
{
	static char data[65536];
	size_t len = read_file(file, data, sizeof(data));
	const char *peer =
	    strncmp(file, "5118", 4) == 0 ? "[fd00:1::9:1]:5060" : "192.168.1.10:5060";
	const struct core_sent *m;
	char want[32];
	struct core c;

	core_init(&c);
	core_start(&c, false);
	receive_file(&c, LAN, peer, data, len);
	core_resolve("198.51.100.7");
	if (fate == FORWARDED) {
		m = last_to(&c, WAN);
		if (!ok(same_ends(m, data, len), file))
			printf("# sent: %.300s\n", m ? m->text : c.n_sent ? c.sent[0].text : "-");
	} else {
		snprintf(want, sizeof(want), "SIP/2.0 %d ", fate);
		m = core_expect(&c, LAN, want, file);
		is_int((long long)location_count(c.sd.location), 0, "... nobody is registered");
		core_expect_silence(&c, "... and nothing goes on");
		core_expect_rest(&c, "... nothing is kept");
	}
	core_wait(&c, 300000);
	core_forget(&c);
	core_expect_rest(&c, "... nothing stays");
	core_stop(&c);
}

static const struct {
	const char *file;
	int fate;
} responses[] = {
    {"4475-3.1.1.12-unreason", FORWARDED},
    {"4475-3.1.1.13-noreason", FORWARDED},
    {"4475-3.1.2.5-scalarlg", DROPPED},
    {"4475-3.1.2.19-bigcode", DROPPED},
    {"4475-3.3.10-bcast", DROPPED},
};

static void test_response(const char *file, int fate)
{
	static char data[65536];
	const struct core_sent *m;
	struct core c;

	core_init(&c);
	core_start(&c, false);
	core_receive(&c, LAN, CORE_PHONE,
	    "INVITE sip:callee@198.51.100.7 SIP/2.0\n"
	    "Via: SIP/2.0/UDP 192.168.1.10;branch=z9hG4bKresp\n"
	    "From: <sip:caller@example.com>;tag=u\nTo: <sip:callee@example.com>\n"
	    "Call-ID: resp\nCSeq: 35 INVITE\nContact: <sip:caller@192.168.1.10>\n\n");
	core_expect(&c, LAN, "SIP/2.0 100", "100");
	m = core_expect(&c, WAN, "INVITE", "a request");
	read_file(file, data, sizeof(data));
	core_put(data, sizeof(data), "@VIA@", core_header(m, "Via", 0));
	core_put(data, sizeof(data), "@CALLID@", "resp");
	receive_file(&c, WAN, CORE_PROVIDER, data, strlen(data));
	if (fate == FORWARDED) {
		size_t line = strcspn(data, "\r") + 2;

		m = core_next(&c);
		ok(m && m->side == LAN && strncmp(m->text, data, line) == 0, file);
	} else {
		core_expect_silence(&c, file);
		is_int((long long)c.sd.forwards.count, 1, "... the request still waits");
	}
	core_stop(&c);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++)
		test_request(requests[i].file, requests[i].fate);
	for (size_t i = 0; i < sizeof(responses) / sizeof(*responses); i++)
		test_response(responses[i].file, responses[i].fate);
	return tap_done();
}
