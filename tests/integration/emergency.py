#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Two pairs of ports, one of them for help: see emergency.test."""
from ends import *

A, C = "192.168.1.11", "203.0.113.20"


def main():
    alice, carol = End("alice", A, (FW_LAN, 5060)), End("carol", C, None)
    a, b = alice.media(30000), carol.media(40000)
    a2, b2 = alice.media(30010), carol.media(40010)
    answer = describe(C, "m=audio 40000 RTP/AVP 8")

    carol.called = "sip:carol@" + C
    first = Call(alice, carol)
    first.establish(describe(A, "m=audio 30000 RTP/AVP 8"), answer)
    second = alice.dialog(carol.called)
    second.request("INVITE", describe(A, "m=audio 30010 RTP/AVP 8"))
    second.ack_failure(second.expect("503 INVITE"))
    ok("the second caller is refused")

    carol.called = "sip:1-1-2@%s;user=phone" % C
    call = Call(alice, carol)
    call.establish(describe(A, "m=audio 30010 RTP/AVP 8", "m=video 30020 RTP/AVP 96"),
                   describe(C, "m=audio 40010 RTP/AVP 8", "m=video 0 RTP/AVP 96"))
    check("a call for help gets voice, if not video", call.told[call.b].media[0].port and
          not call.told[call.b].media[1].port, call.told[call.b].text)
    talk("and speaks", a2, call.told[call.a].media[0].rtp, b2, call.told[call.b].media[0].rtp)
    talk("beside the first", a, first.told[first.a].media[0].rtp, b,
         first.told[first.b].media[0].rtp)
    first.hang_up()
    call.hang_up(call.b)


main()
