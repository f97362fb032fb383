#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What single options do to single packets: see options.test."""
from ends import *

A, C, M = "192.168.1.11", "203.0.113.20", "203.0.113.66"


def mark(s, dscp):
    s.s.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, dscp << 2)


def try_marks(alice, carol):
    a, b = alice.media(30000), carol.media(40000)
    carol.called = "sip:carol@" + C
    call = Call(alice, carol)
    call.establish(describe(A, "m=audio 30000 RTP/AVP 8"),
                   describe(C, "m=audio 40000 RTP/AVP 8"))
    told = call.told[call.a].media[0].rtp
    carried("voice without a mark is carried", a, told, b)
    mark(a, 10)
    carried("voice with a mark is carried", a, told, b)
    call.hang_up()


def try_domains(alice, carol, office):
    d = Dialog(alice, "sip:alice@office.example", "sip:bob@" + C)
    d.request("OPTIONS")
    office.expect("OPTIONS", d.call_id)
    ok("a request from the domain goes to the domain's proxy, by its port")
    other = Dialog(alice, "sip:alice@home.example", "sip:bob@" + C)
    other.request("OPTIONS")
    carol.expect("OPTIONS", other.call_id)
    ok("one from another domain does not")


def try_patience(alice):
    """Nobody answers the connect there; with the default's half a second it would be given up."""
    d = Dialog(alice, "sip:alice@home.example", "sip:bob@%s;transport=tcp" % M)
    d.request("OPTIONS")
    end = time.monotonic() + 4
    while time.monotonic() < end:
        if any(m.status >= 200 and m["Call-ID"] == d.call_id for m in alice.inbox):
            fail("the connect was given up before its time")
        alice.receive(0.1)
    ok("a TCP connect is waited for as long as tcp_connect_timeout says")


def try_latch(alice, carol):
    """Carol speaks from another machine than the one that she names."""
    a, elsewhere = alice.media(30010), Socket("mallory", M, 40010)
    carol.called = "sip:carol@" + C
    call = Call(alice, carol)
    call.establish(describe(A, "m=audio 30010 RTP/AVP 8"),
                   describe(C, "m=audio 40010 RTP/AVP 8"))
    carried("voice from an address that was not announced is taken", elsewhere,
            call.told[call.b].media[0].rtp, a)
    call.hang_up()


def try_register(alice, carol):
    d = Dialog(alice, "sip:alice@" + C, "sip:" + C)
    d.remote = d.local
    d.request("REGISTER")
    asked = carol.expect("REGISTER", d.call_id)
    Dialog(carol, d.target, d.target, d.call_id).answer(
        asked, "200 OK", headers=["Contact: " + c for c in asked.all("Contact")])
    alice.expect("200 REGISTER")


def try_bare(alice, carol):
    carol.called = "sip:carol@" + C
    call = Call(alice, carol)
    offer = describe(A, "m=audio 30000 RTP/AVP 8")
    call.establish(offer, describe(C, "m=audio 40000 RTP/AVP 8"))
    check("a description passes as it is", call.told[call.b].text == offer,
          call.told[call.b].text)
    call.hang_up()


def main():
    alice, carol = End("alice", A, (FW_LAN, 5060)), End("carol", C, None)
    if sys.argv[1] == "bare":
        return try_bare(alice, carol)
    try_marks(alice, carol)
    try_latch(alice, carol)
    try_register(alice, carol)
    try_domains(alice, carol, End("mallory", M, None, port=5070))
    try_patience(alice)


main()
