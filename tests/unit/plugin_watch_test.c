/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plugins that watch: demo, logcall, stats, blacklist; and a plugin's host. */
#include "plugins.h"

#include <sys/stat.h>

#define SDP "Content-Type: application/sdp\n"
#define DESCRIPTION(ip)                                                       \
	"v=0\r\no=- 1 1 IN IP4 " ip "\r\ns=-\r\nc=IN IP4 " ip "\r\nt=0 0\r\n" \
	"m=audio 40000 RTP/AVP 0\r\n"

static bool has(const char *text, const char *part)
{
	if (strstr(text, part))
		return true;
	printf("# want \"%s\" in:\n# %s\n", part, text);
	return false;
}

/* alice calls carol, who answers; both are in a call then. */
static struct core_sent call_begins(struct core *c)
{
	struct core_sent invite;

	alice_sends(c, "INVITE", "sip:carol@198.51.100.7", SDP "\n" DESCRIPTION("192.168.1.10"));
	core_expect(c, LAN, "SIP/2.0 100", "alice calls");
	invite = *core_expect(c, WAN, "INVITE", "... carol");
	core_answer(c, &invite, "180 Ringing", "b", NULL, NULL);
	core_expect(c, LAN, "SIP/2.0 180", "... whose phone rings");
	core_wait(c, 3000);
	core_answer(c, &invite, "200 OK", "b",
	    "Contact: <sip:carol@198.51.100.7>\r\nContent-Type: application/sdp\r\n",
	    DESCRIPTION("198.51.100.7"));
	core_expect(c, LAN, "SIP/2.0 200", "... who answers");
	return invite;
}

static void call_ends(struct core *c, const struct core_sent *invite)
{
	core_receive(c, LAN, CORE_PHONE,
	    "BYE sip:carol@198.51.100.7 SIP/2.0\n"
	    "Via: SIP/2.0/UDP 192.168.1.10;branch=z9hG4bKbye%s\nFrom: %s\nTo: %s;tag=b\n"
	    "Call-ID: %s\nCSeq: 2 BYE\n\n",
	    core_header(invite, "Call-ID", 0), core_header(invite, "From", 0),
	    core_header(invite, "To", 0), core_header(invite, "Call-ID", 0));
	core_answer(c, core_expect(c, WAN, "BYE", "BYE"), "200 OK", NULL, NULL, NULL);
	core_expect(c, LAN, "SIP/2.0 200", "... is answered");
}

static void test_demo(void)
{
	struct world w;
	struct core *c =
	    world_start(&w, "load_plugin = plugin_demo.la\nplugin_demo_string = A text, of ours\n");
	const char *log = logged();
	struct core_sent invite;

	ok(has(log, "plugin_demo_string is \"A text, of ours\""), "its text");
	invite = call_begins(c);
	call_ends(c, &invite);
	provider_sends(c, "OPTIONS", "sip:nobody@203.0.113.1", NULL);
	plugins_report(&c->sd);
	log = logged();
	ok(has(log, "receive: INVITE sip:carol@198.51.100.7 (LAN, 192.168.1.10:5060)"), "receive");
	ok(has(log, "target: INVITE"), "target");
	ok(has(log, "unknown: OPTIONS"), "unknown");
	ok(has(log, "forward: 200 to INVITE (WAN, 198.51.100.7:5060)"), "forward");
	ok(has(log, "leave: 200 to BYE"), "leave");
	ok(has(log, "refused: OPTIONS of 198.51.100.7:5060 with 404"), "refused");
	ok(has(log, "call 1 begins") && has(log, "call 1 is answered") && has(log, "call 1 ends"),
	    "a call");
	ok(has(log, "report"), "report");
	world_reload(&w, "load_plugin = logcall\n");
	ok(has(logged(), "plugin_demo: closed"), "a reload without it closes it");
	world_stop(&w);
}

static void test_logcall(void)
{
	struct world w;
	struct core *c = world_start(&w, "load_plugin = plugin_logcall.la\n");
	struct core_sent invite, bye;
	const char *log;

	core_register(c, CORE_PHONE, "alice");
	logged();
	invite = call_begins(c);
	log = logged();
	ok(has(log,
	       "Outgoing (INVITE) Call: alice@example.com -> carol@198.51.100.7 "
	       "[Req: carol@198.51.100.7] [IP: 192.168.1.10:5060] [CID: "),
	    "the line that siproxd 0.8 wrote");
	core_flow_heard(c, 0, 0);
	core_wait(c, 7000);
	call_ends(c, &invite);
	log = logged();
	ok(has(log, "Ending (BYE) Call: alice@example.com"), "... and at the end");
	ok(has(log,
	       "outgoing, from sip:alice@example.com (192.168.1.10:5060) to "
	       "sip:carol@198.51.100.7 (198.51.100.7:5060)"),
	    "the record: who and whom");
	ok(has(log,
	       "began 2023-11-14T22:13:20Z, answered 2023-11-14T22:13:23Z, ended "
	       "2023-11-14T22:13:30Z, 7 seconds, result: BYE"),
	    "... when, and how it ended");
	ok(has(log, "caller sent: ") && has(log, "callee sent: "), "... how it was heard");
	provider_sends(c, "INVITE", "sip:alice@203.0.113.1", NULL);
	core_expect(c, WAN, "SIP/2.0 100", "carol calls");
	bye = *core_expect(c, LAN, "INVITE", "... alice");
	core_answer(c, &bye, "486 Busy Here", "b", NULL, NULL);
	log = logged();
	ok(has(log, "Incoming (INVITE) Call: carol@example.net -> alice@203.0.113.1"), "the line");
	ok(has(log,
	       "incoming, from sip:carol@example.net (198.51.100.7:5060) to "
	       "sip:alice@203.0.113.1 (192.168.1.10:5060)") &&
		has(log, "answered -, ") && has(log, "0 seconds, result: 486"),
	    "the record of a call that was refused");
	core_wait(c, 40000);
	core_forget(c);
	core_receive(c, LAN, CORE_PHONE,
	    "CANCEL sip:carol@198.51.100.7 SIP/2.0\n"
	    "Via: SIP/2.0/UDP 192.168.1.10;branch=z9hG4bKgone\n"
	    "From: <sip:alice@example.com>;tag=z\nTo: <sip:carol@198.51.100.7>\nCall-ID: z\n"
	    "CSeq: 1 CANCEL\n\n");
	ok(has(logged(), "Ending (CANCEL) Call: alice@example.com -> carol@198.51.100.7"),
	    "a CANCEL");
	core_forget(c);
	invite = call_begins(c);
	logged();
	plugins_free(c->sd.plugins);
	c->sd.plugins = NULL;
	ok(has(logged(), "result: siproxd stopped"), "a call that is up when siproxd ends");
	world_stop(&w);
}

/* --- stats -------------------------------------------------------------------------------- */

static char *content(const char *path)
{
	static char text[10000];
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	if (f)
		fclose(f);
	text[n] = '\0';
	return text;
}

static void test_stats(const char *dir)
{
	char config[500], path[200];
	struct world w;
	struct core *c;
	struct core_sent invite;
	struct stat st;
	const char *text;

	snprintf(path, sizeof(path), "%s/stats", dir);
	snprintf(config, sizeof(config),
	    "load_plugin = plugin_stats.so\nplugin_stats_to_syslog = 10\n"
	    "plugin_stats_to_file = 20\nplugin_stats_filename = %s\n",
	    path);
	c = world_start(&w, config);
	core_register(c, CORE_PHONE, "alice");
	core_register(c, CORE_PHONE_2, "bob");
	invite = call_begins(c);
	logged();
	core_wait(c, 10000);
	ok(has(logged(),
	       "STATS: 2 active Streams, 1 active Calls, 1 active Clients, 2 registered "
	       "Clients"),
	    "the line in syslog, after its time");
	is_str(content(path), "", "not yet the file");
	core_wait(c, 10000);
	text = content(path);
	ok(has(text, "PID: ") && has(text, "Date: "), "the file: date and pid");
	ok(has(text, "Summary\n") &&
		has(text,
		    "Registered Clients: 2\nActive Clients: 1\n"
		    "Active Calls: 1\nActive Streams: 2\n"),
	    "... summary");
	ok(has(text, "RTP-Details\n"), "... details");
	ok(has(text, "\nData;sip:alice@example.com;alice-"), "... of the client and the call");
	ok(has(text, ";Outgoing;Outgoing;192.168.1.1:7070;192.168.1.10:40000\n") &&
		has(text, ";Outgoing;Incoming;203.0.113.1:7070;198.51.100.7:40000\n"),
	    "... and both directions");
	ok(stat(path, &st) == 0 && (st.st_mode & 0777) == 0644, "others may read it");
	call_ends(c, &invite);
	logged();
	plugins_report(&c->sd);
	ok(has(logged(), "STATS: 0 active Streams, 0 active Calls"), "on request");
	ok(has(content(path), "Active Calls: 0"), "... into the file too");
	world_stop(&w);
	complains("load_plugin = stats\nplugin_stats_to_file = 10\n", 1, "no file", "no file");
	unlink(path);
}

/* --- blacklist ---------------------------------------------------------------------------- */

static void registers(struct core *c, enum side side, const char *peer, const char *user,
    bool password)
{
	static unsigned n;

	n++;
	core_receive(c, side, peer,
	    "REGISTER sip:198.51.100.7 SIP/2.0\nVia: SIP/2.0/UDP %s;branch=z9hG4bKr%u\n"
	    "From: <sip:%s@198.51.100.7>;tag=r%u\nTo: <sip:%s@198.51.100.7>\nCall-ID: r%u\n"
	    "CSeq: 1 REGISTER\nContact: <sip:%s@192.168.1.10>\n%s\n",
	    peer, n, user, n, user, n, user,
	    password ? "Authorization: Digest username=\"x\"\n" : "");
}

/* A REGISTER that the provider answers so; false: it did not get out. */
static bool is_tried(struct core *c, const char *user, bool password, const char *answer)
{
	const struct core_sent *m;

	core_forget(c);
	registers(c, LAN, CORE_PHONE, user, password);
	m = core_next(c);
	if (!m)
		return false;
	core_answer(c, m, answer, "p", NULL, NULL);
	core_forget(c);
	return true;
}

static void test_blacklist_passwords(void)
{
	struct world w;
	struct core *c = world_start(&w,
	    "load_plugin = plugin_blacklist.la\nplugin_blacklist_dbpath = \"\"\n"
	    "plugin_blacklist_hitcount = 3\nplugin_blacklist_duration = 100\n");
	bool out = true;

	for (int i = 0; i < 20; i++)
		out &= is_tried(c, "eve", false, "401 Unauthorized");
	ok(out, "without a password nothing counts");
	for (int i = 0; i < 4; i++)
		out &= is_tried(c, "eve", true, "403 Forbidden");
	ok(out, "three failures, and one more, are heard");
	ok(has(logged(), "192.168.1.10 sip:eve@198.51.100.7 is blocked after 4 failures"),
	    "... told");
	ok(!is_tried(c, "eve", true, "200 OK"), "... and the next try is not heard");
	ok(is_tried(c, "alice", true, "200 OK"), "another user of that address is");
	core_wait(c, 90000);
	ok(!is_tried(c, "eve", true, "200 OK"), "each try prolongs it");
	core_wait(c, 90000);
	ok(!is_tried(c, "eve", false, "200 OK"), "... also without a password");
	core_wait(c, 102000);
	ok(has(logged(), "is heard again"), "silence ends it");
	ok(is_tried(c, "eve", true, "200 OK"), "... and the user is heard");
	for (int i = 0; i < 3; i++)
		is_tried(c, "alice", true, "403 Forbidden");
	is_tried(c, "alice", true, "200 OK");
	for (int i = 0; i < 3; i++)
		is_tried(c, "alice", true, "403 Forbidden");
	ok(is_tried(c, "alice", true, "200 OK"), "a success wipes the slate clean");
	world_stop(&w);
}

static void test_blacklist_window(void)
{
	struct world w;
	struct core *c = world_start(&w,
	    "load_plugin = blacklist\nplugin_blacklist_dbpath = \"\"\n"
	    "plugin_blacklist_hitcount = 1\nplugin_blacklist_register_window = 2\n");

	for (int i = 0; i < 5; i++) {
		core_forget(c);
		registers(c, LAN, CORE_PHONE, "eve", true);
		core_wait(c, 3000);
		core_answer(c, &c->sent[0], "403 Forbidden", "p", NULL, NULL);
	}
	ok(is_tried(c, "eve", true, "200 OK"), "an answer that comes late does not count");
	world_stop(&w);
}

static void scan(struct core *c, const char *peer, const char *method)
{
	static unsigned n;

	n++;
	core_receive(c, WAN, peer,
	    "%s sip:%u@203.0.113.1 SIP/2.0\nVia: SIP/2.0/UDP %s;branch=z9hG4bKs%u\n"
	    "From: <sip:%u@203.0.113.1>;tag=s%u\nTo: <sip:%u@203.0.113.1>\nCall-ID: s%u\n"
	    "CSeq: 1 %s\nContact: <sip:x@192.0.2.66>\n\n",
	    method, n, peer, n, n, n, n, n, method);
}

static void test_blacklist_scanners(void)
{
	static const char *const methods[] = {"INVITE", "OPTIONS", "REGISTER", "MESSAGE"};
	struct world w;
	struct core *c = world_start(&w,
	    "load_plugin = blacklist\nplugin_blacklist_dbpath = \"\"\n"
	    "plugin_blacklist_hitcount = 3\n");
	const struct core_sent *m;

	core_register(c, CORE_PHONE, "alice");
	for (int i = 0; i < 4; i++)
		scan(c, CORE_STRANGER, methods[i]);
	ok(has(logged(), "192.0.2.66  is blocked after 4 failures"), "a scanner is blocked");
	core_forget(c);
	core_receive(c, WAN, CORE_STRANGER,
	    "INVITE sip:alice@203.0.113.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.66;branch=z9hG4bKq\n"
	    "From: <sip:x@example.org>;tag=q\nTo: <sip:alice@203.0.113.1>\nCall-ID: q\n"
	    "CSeq: 1 INVITE\nContact: <sip:x@192.0.2.66>\n\n");
	core_expect_silence(c, "... and when it finds a name that exists nobody hears it");
	alice_sends(c, "OPTIONS", "sip:carol@198.51.100.7", NULL);
	m = core_expect(c, WAN, "OPTIONS", "the provider");
	core_answer(c, m, "200 OK", "p", NULL, NULL);
	core_forget(c);
	for (int i = 0; i < 20; i++)
		scan(c, CORE_PROVIDER, "INVITE");
	core_forget(c);
	provider_sends(c, "INVITE", "sip:alice@203.0.113.1", NULL);
	core_expect(c, WAN, "SIP/2.0 100", "... who has answered us is never blocked");
	world_stop(&w);
}

static void test_blacklist_simulate(void)
{
	struct world w;
	struct core *c = world_start(&w,
	    "load_plugin = blacklist\nplugin_blacklist_dbpath = \"\"\n"
	    "plugin_blacklist_hitcount = 1\nplugin_blacklist_simulate = 1\n");

	for (int i = 0; i < 5; i++)
		is_tried(c, "eve", true, "403 Forbidden");
	ok(has(logged(), "is not (simulate) blocked"), "it is told");
	ok(is_tried(c, "eve", true, "200 OK"), "... and not done");
	world_stop(&w);
}

static void test_blacklist_file(const char *dir)
{
	char config[500], path[200], beside[210];
	struct world w;
	struct core *c;
	FILE *f;

	snprintf(path, sizeof(path), "%s/list", dir);
	snprintf(beside, sizeof(beside), "%s.txt", path);
	snprintf(config, sizeof(config),
	    "load_plugin = blacklist\nplugin_blacklist_dbpath = %s\n"
	    "plugin_blacklist_db_sync_mode = FULL\nplugin_blacklist_hitcount = 1\n",
	    path);
	c = world_start(&w, config);
	for (int i = 0; i < 2; i++)
		is_tried(c, "eve", true, "403 Forbidden");
	core_wait(c, 1000);
	ok(has(content(path), "192.168.1.10 sip:eve@198.51.100.7 2 17000"), "it is in the file");
	world_stop(&w);
	c = world_start(&w, config);
	ok(!is_tried(c, "eve", true, "200 OK"), "a restart does not free anybody");
	ok(is_tried(c, "alice", true, "200 OK"), "... and blocks nobody else");
	f = fopen(path, "a");
	fputs("192.168.1.10 - 0 0 1\nnonsense\n1 2 3 4 x\n", f);
	fclose(f);
	world_reload(&w, config);
	ok(!is_tried(c, "alice", true, "200 OK"), "what the administrator writes counts");
	core_wait(c, 20000000);
	ok(!is_tried(c, "alice", true, "200 OK"), "... for ever");
	world_stop(&w);
	f = fopen(path, "w");
	fputs("SQLite format 3", f);
	fclose(f);
	c = world_start(&w, config);
	ok(has(logged(), "is a database of siproxd 0.8 and is left alone"),
	    "a database is told of");
	for (int i = 0; i < 2; i++)
		is_tried(c, "eve", true, "403 Forbidden");
	world_stop(&w);
	is_str(content(path), "SQLite format 3", "... left alone");
	ok(has(content(beside), "sip:eve@198.51.100.7 2"), "... and the list is beside it");
	unlink(path);
	unlink(beside);
	complains("load_plugin = blacklist\nplugin_blacklist_db_sync_mode = ON\n", 2, "none of OFF",
	    "a mode that is none");
}

/* More addresses than the table holds: who is blocked stays. */
static void test_blacklist_full(void)
{
	struct world w;
	struct core *c = world_start(&w,
	    "load_plugin = blacklist\nplugin_blacklist_dbpath = \"\"\n"
	    "plugin_blacklist_hitcount = 1\n");
	char peer[40];

	for (int i = 0; i < 2; i++)
		is_tried(c, "eve", true, "403 Forbidden");
	c->muted = true;
	for (int i = 0; i < 3000; i++) {
		snprintf(peer, sizeof(peer), "192.0.%d.%d:5060", 3 + i / 250, 1 + i % 250);
		scan(c, peer, "OPTIONS");
	}
	c->muted = false;
	ok(!is_tried(c, "eve", true, "200 OK"), "a flood frees nobody");
	world_stop(&w);
}

int main(void)
{
	char dir[] = "/tmp/siproxd-test-XXXXXX";

	if (!mkdtemp(dir))
		return 1;
	test_demo();
	test_logcall();
	test_stats(dir);
	test_blacklist_passwords();
	test_blacklist_window();
	test_blacklist_scanners();
	test_blacklist_simulate();
	test_blacklist_file(dir);
	test_blacklist_full();
	rmdir(dir);
	return tap_done();
}
