#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Two calls with a session timer of 90 s: see session_timer.test."""
from ends import *

A, C = "192.168.1.11", "203.0.113.20"
TIMER = ["Session-Expires: 90;refresher=uac"]
LAPSE_S = 90 + 32


def begin(caller, callee, port):
    call = Call(caller, callee)
    invite = call.invite(describe(caller.ip, "m=audio %d RTP/AVP 8" % port), headers=TIMER)
    call.b.answer(invite, "200 OK", describe(callee.ip, "m=audio %d RTP/AVP 8" % port), headers=TIMER)
    got = call.a.expect("200 INVITE")
    call.told[call.a] = got.sdp()
    call.a.ack(got)
    call.b.expect("ACK")
    return call


def main():
    alice, carol = End("alice", A, (FW_LAN, 5060)), End("carol", C, None)
    carol.called = "sip:carol@" + C
    a, b = alice.media(30000), carol.media(30000)
    a2, b2 = alice.media(30010), carol.media(30010)
    kept, lost = begin(alice, carol, 30000), begin(alice, carol, 30010)
    with Chatter(a, kept.told[kept.a].media[0].rtp), Chatter(a2, lost.told[lost.a].media[0].rtp):
        time.sleep(45)
        kept.a.request("UPDATE", headers=TIMER)
        kept.b.answer(kept.b.expect("UPDATE"), "200 OK", headers=TIMER)
        kept.a.expect("200 UPDATE")
        for d in (lost.a, lost.b):
            bye = d.expect("BYE", seconds=LAPSE_S)
            d.answer(bye, "200 OK")
            ok("%s is told that the call without a refresh is over" % d.end.host)
        check("the other one was not ended", not alice.got("BYE") and not carol.got("BYE"))
        talk("and goes on", a, kept.told[kept.a].media[0].rtp, b, kept.told[kept.b].media[0].rtp)
        not_heard("the ended one does not", a2, lost.told[lost.a].media[0].rtp, b2)
    kept.hang_up()


main()
