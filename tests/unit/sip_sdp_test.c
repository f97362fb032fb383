/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sip/sip_sdp.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "sip/sip_body.h"
#include "sip/sip_edit.h"
#include "tap.h"

#define V      "v=0\r\n"
#define O      "o=- 1 2 IN IP4 192.168.1.5\r\n"
#define S      "s=-\r\n"
#define C      "c=IN IP4 192.168.1.5\r\n"
#define T      "t=0 0\r\n"
#define M      "m=audio 16384 RTP/AVP 8 0\r\n"
#define O_OURS "o=- 1 2 IN IP4 192.0.2.1\r\n"
#define C_OURS "c=IN IP4 192.0.2.1\r\n"
#define M_OURS "m=audio 7070 RTP/AVP 8 0\r\n"

static struct sip_sdp sdp;

static struct addr A(const char *ip, uint16_t port) {
	struct addr a;

	addr_parse(&a, ip, port);
	return a;
}

static struct sip_msg *
message(const char *type, const char *body, size_t len)
{
	struct buf b = BUF_INIT;
	struct sip_msg *msg;
	const char *why;

	buf_printf(&b,
	    "INVITE sip:b@h.example SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n"
	    "From: <sip:a@h.example>;tag=1\r\nTo: <sip:b@h.example>\r\n"
	    "Call-ID: x\r\nCSeq: 1 INVITE\r\n%s%s\r\n",
	    type ? "Content-Type: " : "X: ", type ? type : "y");
	buf_printf(&b, "Content-Length: %zu\r\n\r\n", len);
	buf_add(&b, body, len);
	if (sip_msg_parse(&msg, b.data, b.len, &why) != SIP_PARSE_OK)
		printf("# %s\n", why);
	buf_free(&b);
	return msg;
}

static struct sip_msg *described(const char *body)
{
	struct sip_msg *msg = message("application/sdp", body, strlen(body));

	if (!ok(msg && sip_sdp_parse(&sdp, msg) == 0, "a description"))
		printf("# %s\n", body);
	return msg;
}

/* Each m-line over UDP gets 192.0.2.1 (or `ip`), and ports from 7070 on. */
static void is_applied_as(const char *type, const char *body, const char *ip, const char *want)
{
	struct sip_msg *msg = type ? message(type, body, strlen(body)) : described(body);
	struct addr session = A(ip, 0);
	struct buf b = BUF_INIT;
	const char *text;

	if (!msg || (type && !ok(sip_sdp_parse(&sdp, msg) == 0, type)))
		return;
	for (unsigned i = 0; i < sdp.n_media; i++)
		if (sdp.media[i].relayable)
			sdp.media[i].relay = A(ip, (uint16_t)(7070 + 2 * i));
	is_int(sip_sdp_apply(&sdp, msg, &session), 0, "... is rewritten");
	is_int(sip_edit_splice(msg, &b), 0, "... and sent");
	text = b.data ? strstr(b.data, "\r\n\r\n") : NULL;
	is_str(text ? text + 4 : NULL, want, "... as that");
	buf_free(&b);
	sip_msg_free(msg);
}

static void becomes(const char *body, const char *want)
{
	is_applied_as(NULL, body, "192.0.2.1", want);
}

/* --- reading ------------------------------------------------------------------------------ */

static void test_present(void)
{
	static const struct {
		const char *type, *body;
		bool want;
	} cases[] = {
	    {"application/sdp", V, true},
	    {"Application/SDP ; charset=\"a;b\"", V, true},
	    {"application/sdp", "", false},
	    {"application/sdpx", V, false},
	    {"text/plain", V, false},
	    {"application / sdp", V, true},
	    {"applicationsdp", V, false},
	    {NULL, V, true},
	    {NULL, "hello", false},
	    {"multipart/mixed;boundary=b", "--b\r\nContent-Type: application/sdp\r\n\r\nv=0", true},
	    {"multipart/mixed;boundary=b", "--b\r\nContent-Type: text/plain\r\n\r\nv=0", false},
	    {"multipart/mixed;boundary=b", "--b\r\n\r\nContent-Type: application/sdp\r\n", false},
	    {"multipart/mixed;boundary=b", "--bx\r\nContent-Type: application/sdp\r\n\r\nv", false},
	    {"multipart/mixed;boundary=b", "--b--\r\nContent-Type: application/sdp\r\n\r\nv",
		false},
	    {"multipart/mixed", "--\r\nContent-Type: application/sdp\r\n\r\nv", false},
	    {"multipart/mixed;boundary=b", "--b", false},
#define IN(b) "--" b "\r\nc: multipart/x;boundary="
	    {"multipart/mixed;boundary=b",
		IN("b") "c\r\n\r\n" IN("c") "d\r\n\r\n--d\r\nc: application/sdp\r\n\r\nv", true},
	    {"multipart/mixed;boundary=b",
		IN("b") "c\r\n\r\n" IN("c") "d\r\n\r\n" IN("d") "e\r\n\r\n--e\r\nc: "
								"application/sdp\r\n\r\nv",
		false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sip_msg *msg = message(cases[i].type, cases[i].body, strlen(cases[i].body));

		ok(msg && sip_sdp_present(msg) == cases[i].want,
		    cases[i].type ? cases[i].type : "no type");
		sip_msg_free(msg);
	}
}

static void is_addr(const struct addr *got, const char *want, const char *what)
{
	char text[ADDR_TEXT_MAX];

	is_str(addr_format(got, text), want, what);
}

static void test_media(void)
{
	struct sip_msg *msg =
	    described(V O S C T "m=audio 16384/2 RTP/AVP 8\r\n"
				"m=video 5000 UDP/TLS/RTP/SAVPF 99\r\n"
				"c=IN IP6 2001:db8::5\r\na=rtcp:5009\r\n"
				"m=image 0 udptl t38\r\n"
				"m=message 2855 TCP/MSRP *\r\n"
				"m=application 9 UDP/DTLS/SCTP 5000\r\nc=IN IP4 224.2.1.1/127/3\r\n"
				"a=rtcp:53020 IN IP4 192.0.2.77\r\n"
				"m=audio 65535 RTP/AVP 0\r\nc=IN IP4 phone.example\r\n");

	is_int(sdp.n_media, 6, "six m-lines");
	ok(str_is(sdp.media[0].type, "audio") && str_is(sdp.media[0].proto, "RTP/AVP"), "audio");
	is_addr(&sdp.media[0].rtp, "192.168.1.5:16384", "the session's address");
	is_addr(&sdp.media[0].rtcp, "192.168.1.5:16385", "... RTCP goes to the next port");
	is_addr(&sdp.media[1].rtp, "[2001:db8::5]:5000", "its own address");
	is_addr(&sdp.media[1].rtcp, "[2001:db8::5]:5009", "... RTCP to a port of its own");
	ok(sdp.media[0].relayable && sdp.media[1].relayable, "both are over UDP");
	ok(sdp.media[2].port == 0 && !sdp.media[2].relayable, "a refused one");
	ok(!sdp.media[3].relayable, "one over TCP");
	ok(sdp.media[4].relayable, "one over DTLS");
	is_addr(&sdp.media[4].rtp, "224.2.1.1:9", "... to a group, without its TTL");
	is_addr(&sdp.media[4].rtcp, "192.0.2.77:53020", "... RTCP to an address of its own");
	ok(!addr_is_set(&sdp.media[5].rtp) && sdp.media[5].relayable, "a name is no address");
	ok(str_is(sdp.media[5].host, "phone.example") && !sdp.media[0].host.len, "... but a name");
	sip_msg_free(msg);
}

static bool is_held(const char *session, const char *media)
{
	char body[512];
	struct sip_msg *msg;

	snprintf(body, sizeof(body), V O S "%s" T "%s", session, media);
	msg = described(body);
	sip_msg_free(msg);
	return msg && sdp.n_media && sdp.media[0].held;
}

static void test_held(void)
{
	ok(!is_held(C, M), "not held");
	ok(!is_held(C, M "a=sendrecv\r\n"), "... also if it says so");
	ok(!is_held(C, M "a=recvonly\r\n"), "... a listener neither");
	ok(is_held(C, M "a=sendonly\r\n"), "sendonly");
	ok(is_held(C, M "a=inactive \r\n"), "inactive");
	ok(is_held(C "a=inactive\r\n", M), "inactive as a whole");
	ok(!is_held(C "a=inactive\r\n", M "a=sendrecv\r\n"), "... but for this one");
	ok(is_held("c=IN IP4 0.0.0.0\r\n", M), "RFC 2543's way");
	ok(is_held("c=IN IP4 0.0.0.0\r\n", M "a=sendrecv\r\n"), "... whatever else is said");
	ok(is_held(C, M "c=IN IP6 ::\r\n"), "... and in IPv6");
	ok(!is_held("c=IN IP4 0.0.0.0\r\n", M C), "... but for this one");
}

static void test_refused(void)
{
	static const char *const bad[] = {"x", "\r\n", "v=0", V S C T M, O S C T M, V O O S C T M,
	    V S C T M O, V O S C T "m=audio\r\n", V O S C T "m=audio 1\r\n",
	    V O S C T "m=audio x RTP/AVP 0\r\n", V O S C T "m=audio -1 RTP/AVP 0\r\n",
	    V O S C T "m=audio 65536 RTP/AVP 0\r\n",
	    V O S C T "m=audio 99999999999999999999 R 0\r\n", V O S C T "m=audio /2 RTP/AVP 0\r\n",
	    V O S C T "m=\r\n", V O S C T M M M M M M M M M M M M M M M M M};
	static const char two[] =
	    "--b\r\nc:application/sdp\r\n\r\n" V O "\r\n--b\r\nc:application/sdp\r\n\r\n" V O;
	static char many[2 * (SIP_SDP_LINES_MAX + 2)] = V O;
	struct sip_msg *msg;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		msg = message("application/sdp", bad[i], strlen(bad[i]));
		if (!ok(msg && sip_sdp_parse(&sdp, msg) == EINVAL, "refused"))
			printf("# %s\n", bad[i]);
		sip_msg_free(msg);
	}
	memset(many + strlen(many), '\n', sizeof(many) - 1 - strlen(many));
	msg = message("application/sdp", many, strlen(many));
	is_int(msg ? sip_sdp_parse(&sdp, msg) : 0, EINVAL, "too many lines");
	sip_msg_free(msg);
	msg =
	    message("application/sdp", V O S C T M "a=\0\r\n", sizeof(V O S C T M "a=\0\r\n") - 1);
	is_int(msg ? sip_sdp_parse(&sdp, msg) : 0, EINVAL, "a NUL byte");
	sip_msg_free(msg);
	msg = message("multipart/mixed;boundary=b", two, strlen(two));
	is_int(msg ? sip_sdp_parse(&sdp, msg) : 0, EINVAL, "two descriptions");
	sip_msg_free(msg);
}

/* --- writing ------------------------------------------------------------------------------ */

static void test_usual(void)
{
	becomes(V O S C T M "a=rtpmap:8 PCMA/8000\r\na=ptime:20\r\n",
	    V O_OURS S C_OURS T M_OURS "a=rtpmap:8 PCMA/8000\r\na=ptime:20\r\n");
	becomes(V O S T M C "a=x\r\n", V O_OURS S T M_OURS C_OURS "a=x\r\n");
	becomes(V O S C T M "m=video 4000 RTP/AVP 99\r\nb=AS:1\r\n" C "a=sendonly\r\n",
	    V O_OURS S C_OURS T M_OURS "m=video 7072 RTP/AVP 99\r\nb=AS:1\r\n" C_OURS
				       "a=sendonly\r\n");
	becomes(V O S C T, V O_OURS S C_OURS T);
	is_applied_as(NULL, V O S C T M "a=rtcp:9 IN IP4 192.168.1.5\r\n", "2001:db8::1",
	    V "o=- 1 2 IN IP6 2001:db8::1\r\n" S "c=IN IP6 2001:db8::1\r\n" T M_OURS
	      "a=rtcp:7071 IN IP6 2001:db8::1\r\n");
	is_applied_as(NULL, V "o=- 1 2 IN IP6 fd00::5\r\n" S "c=IN IP6 fd00::5\r\n" T M,
	    "192.0.2.1", V O_OURS S C_OURS T M_OURS);
}

static void test_unusual_form(void)
{
	becomes("v=0\no=- 1 2 IN IP4 192.168.1.5\ns=-\nc=IN IP4 192.168.1.5\nt=0 0\n"
		"m=audio 16384 RTP/AVP 8 0",
	    "v=0\no=- 1 2 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\nm=audio 7070 RTP/AVP 8 "
	    "0");
	becomes("v=0\ro=- 1 2 IN IP4 192.168.1.5\rc=IN IP4 192.168.1.5\rm=audio 9 RTP/AVP 8\r",
	    "v=0\ro=- 1 2 IN IP4 192.0.2.1\rc=IN IP4 192.0.2.1\rm=audio 7070 RTP/AVP 8\r");
	becomes(V O "s=\r\n" T C "y=\r\nnonsense\r\n\r\n m=audio  9\tRTP/AVP  0  8 \r\na=x\r\n" C
		    "\r\n",
	    V O_OURS "s=\r\n" T C_OURS
		     "y=\r\nnonsense\r\n\r\n m=audio  7070\tRTP/AVP  0  8 \r\na=x\r\n" C_OURS
		     "\r\n");
	becomes(V "o=my phone 1 2 IN IP4 192.168.1.5\r\n" S "c=in ip4  192.168.1.5/127 \r\n" T,
	    V "o=my phone 1 2 IN IP4 192.0.2.1\r\n" S "c=in IP4 192.0.2.1 \r\n" T);
	becomes(V "o=- 1 2 IN IP4 phone.lan\r\n" S "c=IN IP4 phone.lan\r\n" T M,
	    V O_OURS S C_OURS T M_OURS);
	becomes(V "o=- 1 2 IN 192.168.1.5\r\n" S "c=TN RFC2543 +1-201-406\r\nc=IN\r\n" T,
	    V "o=- 1 2 IN 192.0.2.1\r\n" S "c=TN RFC2543 +1-201-406\r\nc=IN\r\n" T);
}

static void test_ports(void)
{
	becomes(V O S C T "m=audio 49170/2 RTP/AVP 0\r\n",
	    V O_OURS S C_OURS T "m=audio 7070 RTP/AVP 0\r\n");
	becomes(V O S C T "m=audio 0 RTP/AVP 0\r\n" C "a=rtcp:1 IN IP4 192.168.1.5\r\n",
	    V O_OURS S C_OURS T "m=audio 0 RTP/AVP 0\r\n" C_OURS);
	becomes(V O S C T "m=image 5000 TCP t38\r\na=setup:active\r\nm=image 5000 udptl t38\r\n",
	    V O_OURS S C_OURS T
	    "m=image 0 TCP t38\r\na=setup:active\r\nm=image 7072 udptl t38\r\n");
	becomes(V O S C T M "a=rtcp:16390\r\na=rtcp-mux\r\na=rtcp-fb:* nack\r\n",
	    V O_OURS S C_OURS T M_OURS "a=rtcp:7071\r\na=rtcp-mux\r\na=rtcp-fb:* nack\r\n");
	becomes(V O S C "a=rtcp:16390 IN IP4 192.168.1.5\r\n" T M "a=rtcp:x\r\n",
	    V O_OURS S C_OURS T M_OURS "a=rtcp:7071\r\n");
}

/* One port for RTP and RTCP, said twice (RFC 8858 4). */
static void test_rtcp_mux(void)
{
	becomes(V O S C T M "a=rtcp:16384 IN IP4 192.168.1.5\r\na=rtcp-mux-only\r\n",
	    V O_OURS S C_OURS T M_OURS "a=rtcp:7070 IN IP4 192.0.2.1\r\na=rtcp-mux-only\r\n");
}

/* Each m-line has a pair of its own, and the other end is told of no bundle (RFC 9143). */
static void test_bundle(void)
{
	becomes(V O S C T "a=group:BUNDLE a v\r\na=group:LS a v\r\n" M "a=mid:a\r\n"
			  "m=video 16384 RTP/AVP 99\r\na=mid:v\r\n",
	    V O_OURS S C_OURS T "a=group:LS a v\r\n" M_OURS "a=mid:a\r\n"
				"m=video 7072 RTP/AVP 99\r\na=mid:v\r\n");
	becomes(V O S C T "a=Group:bundle a v\r\na=group:BUNDLES a\r\na=group:\r\n" M
			  "m=video 0 RTP/AVP 99\r\na=bundle-only\r\na=bundle-onlyx\r\n",
	    V O_OURS S C_OURS T "a=group:BUNDLES a\r\na=group:\r\n" M_OURS
				"m=video 0 RTP/AVP 99\r\na=bundle-onlyx\r\n");
}

/* Candidates that come later, in an INFO (RFC 8840). */
static void test_fragment(void)
{
	static const char frag[] = "a=ice-ufrag:x\r\nm=audio 9 RTP/AVP 0\r\na=mid:1\r\n"
				   "a=candidate:1 1 UDP 1 192.168.1.5 9 typ host\r\n"
				   "c=IN IP4 192.168.1.5\r\na=end-of-candidates\r\n",
			  two[] = "--b\r\nc: application/trickle-ice-sdpfrag\r\n\r\na=x\r\n"
				  "--b\r\nc: application/trickle-ice-sdpfrag\r\n\r\na=x\r\n--b--";
	struct sip_msg *msg = message("Application/Trickle-ICE-sdpfrag", frag, strlen(frag));
	struct addr session = A("192.0.2.1", 0);
	struct buf b = BUF_INIT;
	const char *text;

	is_int(sip_sdp_parse_fragment(&sdp, msg), 0, "a fragment");
	is_int(sdp.n_media, 0, "... has no media");
	is_int(sip_sdp_apply(&sdp, msg, &session), 0, "... is rewritten");
	is_int(sip_edit_splice(msg, &b), 0, "... and sent");
	text = b.data ? strstr(b.data, "\r\n\r\n") : NULL;
	is_str(text ? text + 4 : NULL, "m=audio 9 RTP/AVP 0\r\na=mid:1\r\nc=IN IP4 192.0.2.1\r\n",
	    "... without candidates");
	buf_free(&b);
	sip_msg_free(msg);
	msg = message("text/plain", frag, strlen(frag));
	is_int(sip_sdp_parse_fragment(&sdp, msg), ENOENT, "another type is none");
	sip_msg_free(msg);
	msg = message("multipart/mixed;boundary=b", two, strlen(two));
	is_int(sip_sdp_parse_fragment(&sdp, msg), EINVAL, "two are too many");
	sip_msg_free(msg);
	msg = message("application/trickle-ice-sdpfrag", "a=\0\r\n", 5);
	is_int(sip_sdp_parse_fragment(&sdp, msg), EINVAL, "a NUL byte");
	sip_msg_free(msg);
}

static void test_hold(void)
{
	becomes(V O S "c=IN IP4 0.0.0.0\r\n" T M, V O_OURS S "c=IN IP4 0.0.0.0\r\n" T M_OURS);
	becomes(V O S C T M "c=IN IP4 0.0.0.0\r\na=inactive\r\n",
	    V O_OURS S C_OURS T M_OURS "c=IN IP4 0.0.0.0\r\na=inactive\r\n");
	becomes(V O S C T M "c=IN IP6 ::\r\n", V O_OURS S C_OURS T M_OURS "c=IN IP6 ::\r\n");
}

/* Whatever else may carry an address of the LAN. */
static void test_no_leak(void)
{
	becomes(V O S C "c=IN IP4 192.168.1.6\r\n" T M C
			"c=IN IP4 192.168.1.7\r\nc=IN IP4 x.lan\r\n",
	    V O_OURS S C_OURS C_OURS T M_OURS C_OURS C_OURS C_OURS);
	becomes(V O S C
	    "a=ice-lite\r\n" T M "a=ice-ufrag:x\r\na=candidate:1 1 UDP 1 192.168.1.5 9 typ host\r\n"
	    "a=Candidate:1 1 UDP 1 192.168.1.5 9\r\na=remote-candidates:1 192.168.1.5 9\r\n"
	    "a=alt:1 1 : a b 192.168.1.5 9\r\na=altc:1 IP4 192.168.1.5 9\r\n"
	    "a=x-candidate-ipv6:1 fd00::1\r\na=mid:1\r\na=end-of-candidates\r\n",
	    V O_OURS S C_OURS T M_OURS "a=mid:1\r\n");
	becomes(V "o=192.168.1.5 1 2 IN IP4 192.168.1.5\r\ns=call of 192.168.1.5.\r\n"
		  "i=10.0.0.1,172.16.0.9:5060\r\nu=http://192.168.1.5:80/x\r\n"
		  "e=a@[fd00::5] (A)\r\n" C "z=x\r\n" T M
		  "a=source-filter: incl IN IP4 * 192.168.1.5\r\n"
		  "a=path:msrp://192.168.1.5:7654/jshA7;tcp\r\na=x:192.168.1.5\r\n"
		  "a=cafe:fd00::5\r\na=y:::ffff:192.168.1.5\r\na=z:fe80::1%eth0\r\n",
	    V "o=192.0.2.1 1 2 IN IP4 192.0.2.1\r\ns=call of 192.0.2.1.\r\n"
	      "i=192.0.2.1,192.0.2.1:5060\r\nu=http://192.0.2.1:80/x\r\n"
	      "e=a@[192.0.2.1] (A)\r\n" C_OURS "z=x\r\n" T M_OURS
	      "a=source-filter: incl IN IP4 * 192.0.2.1\r\n"
	      "a=path:msrp://192.0.2.1:7654/jshA7;tcp\r\na=x:192.0.2.1\r\n"
	      "a=cafe:192.0.2.1\r\na=y:192.0.2.1\r\na=z:192.0.2.1%eth0\r\n");
	/* A LAN with public addresses: what the phone calls its own. */
	becomes(V "o=- 1 2 IN IP4 198.51.100.5\r\ns=198.51.100.5 198.51.100.6\r\n" T,
	    V O_OURS "s=192.0.2.1 198.51.100.6\r\n" T);
}

static void test_untouched(void)
{
#define REST                                                                                      \
	"a=tool:x 1.10.0.0.1 10.0.0 10.0.0.256 0.0.0.0 127.0.0.1 203.0.113.9\r\n"                 \
	"a=fingerprint:sha-1 FD:00:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB\r\n"     \
	"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:fd00d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAw\r\n"  \
	"a=fmtp:101 0-16\r\na=X-nat:0\r\na=key-mgmt:mikey AQAF\r\na=setup:actpass\r\nb=AS:64\r\n" \
	"a=ssrc:1 cname:a@2001:db8::1\r\na=T38FaxVersion:0\r\n\xff\xfe\t\x01\r\n===\r\n"
	becomes(V O S C T M REST, V O_OURS S C_OURS T M_OURS REST);
}

static void test_multipart(void)
{
#define PART(sdp_text)                                                                      \
	"preamble v=0\r\n--x y\r\nContent-Type:text/plain\r\n\r\nc=IN IP4 192.168.1.5\r\n"  \
	"--x y  \r\ncontent-type : application/sdp;a=b\r\nContent-ID: <1>\r\n\r\n" sdp_text \
	"\r\n--x y--\r\nepilogue --x y\r\n"
	is_applied_as("multipart/mixed; boundary=\"x y\"", PART(V O S C T M), "192.0.2.1",
	    PART(V O_OURS S C_OURS T M_OURS));
	is_applied_as("multipart/mixed;boundary=b",
	    "--b\nc: application/sdp\n\nv=0\n" O C "\n--b--", "192.0.2.1",
	    "--b\nc: application/sdp\n\nv=0\n" O_OURS C_OURS "\n--b--");
#define WITHIN(sdp_text)                                                                   \
	"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b\r\n"                              \
	"Content-Type: multipart/alternative;boundary=bb\r\n\r\n--bb\r\n\r\nx\r\n--bb\r\n" \
	"Content-Type: application/sdp\r\n\r\n" sdp_text "\r\n--bb--\r\n--b--\r\n"
	is_applied_as("multipart/mixed;boundary=b", WITHIN(V O S C T M), "192.0.2.1",
	    WITHIN(V O_OURS S C_OURS T M_OURS));
}

/* None of these may take a time that grows with the square of its length. */
static void test_long_lines(void)
{
	static const char *const units[] = {" ", "a ", "a", ":", "1", ".", "1.", "192.168.1.5 ",
	    "\t", "IN IP4 ", "IN ", "\"", ";", "fd00::1 ", "--b"};
	static const char *const starts[] = {"o=- ", "c=IN IP4 1.2.3.4 ", "m=audio 9 RTP/AVP 0",
	    "a=x:", "a=rtcp:9 ", "s="};
	static char body[64000];
	struct addr ours = A("192.0.2.1", 0);

	for (size_t s = 0; s < sizeof(starts) / sizeof(*starts); s++) {
		for (size_t u = 0; u < sizeof(units) / sizeof(*units); u++) {
			size_t n = strlen(units[u]), len;
			struct sip_msg *msg;
			clock_t from = clock();

			len = (size_t)snprintf(body, sizeof(body), V "%s%s", s ? O : "", starts[s]);
			for (; len + n < sizeof(body); len += n)
				memcpy(body + len, units[u], n);
			msg = message("application/sdp", body, len);
			ok(msg && sip_sdp_parse(&sdp, msg) == 0 &&
				sip_sdp_apply(&sdp, msg, &ours) == 0,
			    "a line of 64 KB");
			sip_msg_free(msg);
			if (getenv("SHOW_TIME"))
				printf("# %.1f ms %s%s\n",
				    (double)(clock() - from) * 1e3 / CLOCKS_PER_SEC, starts[s],
				    units[u]);
		}
	}
}

int main(void)
{
	sip_msg_init();
	test_present();
	test_media();
	test_held();
	test_refused();
	test_usual();
	test_unusual_form();
	test_ports();
	test_rtcp_mux();
	test_bundle();
	test_fragment();
	test_hold();
	test_no_leak();
	test_untouched();
	test_multipart();
	test_long_lines();
	return tap_done();
}
