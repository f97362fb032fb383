/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sip/sip_reply.h"

#include <stdio.h>

#include "tap.h"

static struct addr source;

static struct sip_msg *request(const char *text, enum sip_parse want)
{
	struct sip_msg *msg;
	const char *why;

	is_int(sip_msg_parse(&msg, text, strlen(text), &why), want, "a request");
	return msg;
}

static void has_head(const char *text, enum sip_parse parse, const char *to_tag, const char *want)
{
	struct sip_msg *msg = request(text, parse);
	struct buf b = BUF_INIT;

	if (!msg)
		return;
	sip_reply_head(&b, msg, &source, to_tag);
	is_str(b.data, want, "... and what its responses share");
	buf_free(&b);
	sip_msg_free(msg);
}

static void test_head(void)
{
	has_head("OPTIONS sip:b@h.example SIP/2.0\r\nMax-Forwards: 70\r\n"
		 "Via: SIP/2.0/UDP 10.0.0.9;rport;branch=2, SIP/2.0/TCP 10.0.0.8\r\n"
		 "CSEQ:  7  OPTIONS\r\nf: <sip:a@h.example>;tag=1\r\n"
		 "v : SIP/2.0/UDP\r\n 10.0.0.7;rport;received=1.1.1.1\r\n"
		 "To: \"B, <b>\"\r\n <sip:b@h.example>;x=y \r\ni:x\r\nContent-Length: 0\r\n\r\n",
	    SIP_PARSE_OK, "us",
	    "Via: SIP/2.0/UDP 10.0.0.9;rport=5071;branch=2;received=192.168.1.5\r\n"
	    "Via: SIP/2.0/TCP 10.0.0.8\r\n"
	    "Via: SIP/2.0/UDP\r\n 10.0.0.7;rport;received=1.1.1.1\r\n"
	    "f: <sip:a@h.example>;tag=1\r\n"
	    "To: \"B, <b>\"\r\n <sip:b@h.example>;x=y;tag=us\r\n"
	    "i:x\r\nCSEQ:  7  OPTIONS\r\n");
#define REQUEST(to, rest)                                                 \
	"BYE sip:b@h.example SIP/2.0\r\nVia: SIP/2.0/UDP 192.168.1.5\r\n" \
	"From: sip:a@h.example;tag=1\r\n" to "Call-ID: x\r\nCSeq: 1 BYE\r\n" rest "\r\n"
#define HEAD(to)                                                             \
	"Via: SIP/2.0/UDP 192.168.1.5\r\nFrom: sip:a@h.example;tag=1\r\n" to \
	"Call-ID: x\r\nCSeq: 1 BYE\r\n"
	has_head(REQUEST("To: sip:b@h.example\r\n", ""), SIP_PARSE_OK, "us",
	    HEAD("To: sip:b@h.example;tag=us\r\n"));
	has_head(REQUEST("To: sip:b@h.example\r\n", ""), SIP_PARSE_OK, NULL,
	    HEAD("To: sip:b@h.example\r\n"));
	has_head(REQUEST("t: <sip:b@h.example> ; TAG = 2\r\n", ""), SIP_PARSE_OK, "us",
	    HEAD("t: <sip:b@h.example> ; TAG = 2\r\n"));
	has_head(REQUEST("To: <sip:b@h.example>; ;\r\n", ""), SIP_PARSE_OK, "us",
	    HEAD("To: <sip:b@h.example>;tag=us\r\n"));
	/* A tag in the URI is the URI's. */
	has_head(REQUEST("To: <sip:b@h.example;tag=3>\r\n", ""), SIP_PARSE_OK, "us",
	    HEAD("To: <sip:b@h.example;tag=3>;tag=us\r\n"));
	has_head(REQUEST("To: <sip:b@h.example>\r\n", "To: <sip:c@h.example>\r\nVia:\r\nl: x\r\n"),
	    SIP_PARSE_REFUSE, "us", HEAD("To: <sip:b@h.example>;tag=us\r\n"));
}

static void test_write(void)
{
	struct buf b = BUF_INIT;

	sip_reply_write(&b, 404, "To: x\r\n", "Retry-After: 1\r\n");
	is_str(b.data,
	    "SIP/2.0 404 Not Found\r\nTo: x\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n",
	    "a response");
	buf_reset(&b);
	sip_reply_write_why(&b, 400, "bad CSeq", "", NULL);
	is_str(b.data, "SIP/2.0 400 Bad Request (bad CSeq)\r\nContent-Length: 0\r\n\r\n",
	    "one that says why");
	buf_reset(&b);
	sip_reply_write(&b, 599, NULL, NULL);
	is_str(b.data, "SIP/2.0 599 Error\r\nContent-Length: 0\r\n\r\n", "one without a name");
	buf_free(&b);
	is_str(sip_reply_reason(100), "Trying", "the first reason");
	is_str(sip_reply_reason(505), "Version Not Supported", "the last one");
	is_str(sip_reply_reason(0), "Error", "no status");
}

int main(void)
{
	sip_msg_init();
	addr_parse(&source, "192.168.1.5", 5071);
	test_head();
	test_write();
	return tap_done();
}
