#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What nobody should send. Each word is a mode:

  options HOST PORT                  sends OPTIONS; prints the answer's status line; 1 when none came
  stranger HOST PORT WAN_ADDRESS     requests and responses of a stranger; prints "SENT ANSWERS"
  in_dialog HOST PORT CAPTURE        BYE and re-INVITE for a call seen in the capture, with the right
                                     Call-ID and the wrong tags; prints "SENT ANSWERS"
  rtp HOST LOW HIGH PACKETS          voice for each even port, RTCP for each odd one
  malformed HOST PORT COUNT SEED [DOMAIN]   datagrams that are broken in many ways; with DOMAIN they
                                     are for somebody there, and name no address of the sender

All that a stranger sends bears the word MARK, so that a capture tells where it went.
"""
import random
import re
import select
import socket
import struct
import sys
import time

MARK = "Mallory-Was-Here"


def udp(target=None):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if target:
        s.connect(target)
    return s


def request(method, uri, me, call_id, to=None, cseq=1, extra="", body=""):
    return ("%s %s SIP/2.0\r\n"
            "Via: SIP/2.0/UDP %s:%d;branch=z9hG4bK%d;rport\r\n"
            "Max-Forwards: 70\r\n"
            "From: <sip:mallory@%s>;tag=%s\r\n"
            "To: %s\r\n"
            "Call-ID: %s\r\n"
            "CSeq: %d %s\r\n"
            "Contact: <sip:mallory@%s:%d>\r\n"
            "Subject: %s\r\n"
            "%s%sContent-Length: %d\r\n\r\n%s" % (
                method, uri, me[0], me[1], random.getrandbits(60), me[0], MARK, to or "<%s>" % uri,
                call_id, cseq, method, me[0], me[1], MARK, extra,
                "Content-Type: application/sdp\r\n" if body else "", len(body), body)).encode()


def response(status, via_host, me, method="INVITE"):
    return ("SIP/2.0 %s\r\n"
            "Via: SIP/2.0/UDP %s;branch=z9hG4bK%d\r\n"
            "Via: SIP/2.0/UDP 192.168.1.11:5060;branch=z9hG4bK%d\r\n"
            "From: <sip:alice@203.0.113.10>;tag=%s\r\n"
            "To: <sip:carol@203.0.113.10>;tag=%s\r\n"
            "Call-ID: %s\r\n"
            "CSeq: 1 %s\r\n"
            "Contact: <sip:mallory@%s:%d>\r\n"
            "Content-Length: 0\r\n\r\n" % (
                status, via_host, random.getrandbits(60), random.getrandbits(60), MARK, MARK, MARK,
                method, me[0], me[1])).encode()


def answers(s, seconds):
    got = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not select.select([s], [], [], max(0, end - time.monotonic()))[0]:
            break
        try:
            got.append(s.recv(65536))
        except ConnectionRefusedError:
            pass
    return got


def exchange(s, messages):
    got = []
    for m in messages:
        s.send(m)
        got += answers(s, 0.05)
    got += answers(s, 1.5)
    print(len(messages), len(got))
    for a in got:
        print(a.split(b"\r\n")[0].decode("latin1"))


def options(host, port):
    s = udp((host, int(port)))
    me = s.getsockname()
    for _ in range(3):
        s.send(request("OPTIONS", "sip:%s" % host, me, "options-%d" % random.getrandbits(60)))
        got = answers(s, 0.7)
        if got:
            print(got[0].split(b"\r\n")[0].decode("latin1"))
            return 0
    return 1


def stranger(host, port, wan):
    s = udp((host, int(port)))
    me = s.getsockname()
    sdp = ("v=0\r\no=- 1 1 IN IP4 %s\r\ns=%s\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio 9000 RTP/AVP 0\r\n"
           % (me[0], MARK, me[0]))
    ids = ("%s-%d" % (MARK, n) for n in range(1000))
    messages = [
        # to take over a phone, at the provider and at siproxd itself
        request("REGISTER", "sip:203.0.113.10", me, next(ids), to="<sip:alice@203.0.113.10>"),
        request("REGISTER", "sip:%s" % wan, me, next(ids), to="<sip:alice@%s>" % wan),
        request("REGISTER", "sip:%s" % wan, me, next(ids), to="<sip:mallory@%s>" % wan),
        # to reach the LAN or, through siproxd, others on the WAN
        request("INVITE", "sip:nobody@%s" % wan, me, next(ids), body=sdp),
        request("INVITE", "sip:192.168.1.11", me, next(ids), to="<sip:alice@%s>" % wan, body=sdp),
        request("INVITE", "sip:alice@192.168.1.11:5060", me, next(ids), to="<sip:alice@%s>" % wan,
                body=sdp),
        request("INVITE", "sip:carol@203.0.113.10", me, next(ids), body=sdp),
        request("INVITE", "sip:carol@203.0.113.20", me, next(ids), body=sdp),
        request("INVITE", "sip:+4912345@%s" % wan, me, next(ids), body=sdp,
                extra="Route: <sip:%s;lr>, <sip:alice@192.168.1.11;lr>\r\n" % wan),
        request("INVITE", "sip:x@203.0.113.20", me, next(ids), body=sdp,
                extra="Route: <sip:%s;lr>\r\n" % wan),
        request("OPTIONS", "sip:%s" % wan, me, next(ids)),
        request("OPTIONS", "sip:nobody@192.168.1.12", me, next(ids), to="<sip:x@%s>" % wan),
        request("MESSAGE", "sip:nobody@%s" % wan, me, next(ids)),
        request("SUBSCRIBE", "sip:nobody@%s" % wan, me, next(ids)),
        # a dialog that is not
        request("BYE", "sip:alice@%s" % wan, me, next(ids), to="<sip:alice@%s>;tag=x" % wan, cseq=2),
        request("INVITE", "sip:alice@%s" % wan, me, next(ids), to="<sip:alice@%s>;tag=x" % wan,
                cseq=2, body=sdp),
        request("CANCEL", "sip:alice@%s" % wan, me, next(ids)),
    ]
    exchange(s, messages)
    # nobody answers these, whatever Via they show
    print("responses and ACKs:")
    exchange(s, [response(status, via, me)
                 for status in ("100 Trying", "180 Ringing", "200 OK", "302 Moved", "486 Busy Here")
                 for via in ("%s:5060" % wan, "192.168.1.1:5060", "192.168.1.11:5060",
                             "203.0.113.20:5060")]
             + [request("ACK", "sip:alice@%s" % wan, me, next(ids)),
                request("ACK", "sip:alice@192.168.1.11", me, next(ids))])
    return 0


def in_dialog(host, port, capture):
    with open(capture, "rb") as f:
        data = f.read()
    calls = sorted(set(re.findall(rb"Call-ID: ([^\r]+)\r\nCSeq: \d+ INVITE", data))) or \
        sorted(set(re.findall(rb"Call-ID: ([^\r]+)\r\n", data)))
    s = udp((host, int(port)))
    me = s.getsockname()
    messages = []
    for call in calls:
        for method in ("BYE", "INVITE", "INFO", "UPDATE", "CANCEL"):
            messages.append(request(method, "sip:alice@%s" % host, me, call.decode("latin1"),
                                    to="<sip:alice@203.0.113.10>;tag=%s" % MARK, cseq=77))
    exchange(s, messages)
    return 0 if messages else 1


def rtp(host, low, high, packets):
    s = udp()
    for n in range(int(packets)):
        for port in range(int(low), int(high) + 1):
            if port % 2:
                packet = struct.pack(">BBHI", 0x80, 201, 1, 0xBAD)
            else:
                packet = struct.pack(">BBHII", 0x80, 0, n & 0xFFFF, n * 160, 0xBAD) + \
                    (MARK.encode() * 20)[:160]
            s.sendto(packet, (host, port))
        time.sleep(0.02)
    return 0


# --- malformed ---------------------------------------------------------------------------

ODD = [b"", b"\0", b"\r", b"\n", b"\r\n", b"\r\n\r\n", b" ", b"\t", b",", b";", b"<", b">", b"\"", b":",
       b"@", b"[", b"]", b"%00", b"%", b"\xff\xfe", b"\xc3\x28", b"sip:", b"sips:", b"tel:+1", b"-1",
       b"4294967296", b"99999999999999999999", b"0x7f", b"z9hG4bK", b"SIP/2.0", b"SIP/3.0",
       b"a" * 300, b"(" * 200, b"\r\n ", b"Via: x\r\n", b"l: 70000\r\n", b"m: *\r\n", b"::1"]


def bases(host, me, domain):
    sdp = ("v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio 9000 RTP/AVP 0 8\r\n"
           "a=rtcp:9001\r\n" % (me[0], me[0]))
    out = []
    for method in ("INVITE", "REGISTER", "BYE", "ACK", "CANCEL", "OPTIONS", "UPDATE", "X"):
        uri = "sip:%s" % domain if method in ("REGISTER", "OPTIONS") else "sip:nobody@%s" % domain
        out.append(request(method, uri, me, "m-%d" % random.getrandbits(40),
                           body=sdp if method in ("INVITE", "UPDATE") else ""))
    out.append(response("200 OK", "%s:5060" % host, me))
    out.append(response("180 Ringing", "%s:5060" % me[0], me))
    return out


def mutate(m):
    m = bytearray(m)
    for _ in range(random.choice((1, 1, 2, 3, 8))):
        at = random.randrange(len(m) + 1)
        kind = random.randrange(7)
        if kind == 0:
            m[at:at] = random.choice(ODD)
        elif kind == 1:
            del m[at:at + random.choice((1, 2, 10, 100))]
        elif kind == 2 and at < len(m):
            m[at] = random.randrange(256)
        elif kind == 3:
            m[at:at] = m[at:at + random.randrange(200)]
        elif kind == 4:
            lines = bytes(m).split(b"\r\n")
            n = random.randrange(len(lines))
            lines[n:n] = [lines[n]] * random.choice((1, 2, 40))
            m = bytearray(b"\r\n".join(lines))
        elif kind == 5:
            lines = bytes(m).split(b"\r\n")
            del lines[random.randrange(len(lines))]
            m = bytearray(b"\r\n".join(lines))
        elif kind == 6:
            n = random.randrange(len(m))
            m = bytearray(bytes(m[:n]) + random.choice(ODD) + bytes(m[n + 5:]))
        if not m:
            m = bytearray(b"x")
    return bytes(m)


def malformed(host, port, count, seed, domain=None):
    random.seed(int(seed))
    s = udp((host, int(port)))
    me = ("198.51.100.7", 5060) if domain else s.getsockname()

    def sane():
        return random.choice(bases(host, me, random.choice((host, domain or host))))

    for n in range(int(count)):
        kind = n % 10
        if kind == 0:
            m = bytes(random.randrange(256) for _ in range(random.randrange(1, 1400)))
        elif kind == 1:
            m = sane()[:random.randrange(1, 300)]
        elif kind == 2:
            m = random.choice((b"\r\n\r\n", b"\0", b"\r\n", b" ", b"INVITE", b"SIP/2.0 200\r\n\r\n",
                               b"GET / HTTP/1.1\r\n\r\n", b"a" * 9000, b"", b"\r" * 1000,
                               b"INVITE sip:x SIP/2.0\r\n" + b"X: y\r\n" * 3000))
        else:
            m = mutate(sane())
        try:
            s.send(m)
        except ConnectionRefusedError:
            pass
        if n % 5 == 4:
            time.sleep(0.005)   # no faster than it can be read: none shall be lost unread
    return 0


if __name__ == "__main__":
    sys.exit(globals()[sys.argv[1]](*sys.argv[2:]))
