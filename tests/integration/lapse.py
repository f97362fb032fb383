#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Which silence ends a call: see lapse.test. rtp_timeout is 3 s, rtp_hold_timeout 10 s."""
from ends import *

A, C = "192.168.1.11", "203.0.113.20"
LINE = "m=audio %d RTP/AVP 8"


class Quiet:
    """A call with voices of its own, on ports that end with n."""

    def __init__(self, alice, carol, n):
        self.a_port, self.b_port = 30000 + 10 * n, 40000 + 10 * n
        self.a, self.b = alice.media(self.a_port), carol.media(self.b_port)
        self.a_rtcp = alice.media(self.a_port + 1)
        self.call = Call(alice, carol)
        self.invite = self.call.invite(describe(A, LINE % self.a_port))

    def answer(self):
        self.call.accept(self.call.a, self.call.b, self.invite, describe(C, LINE % self.b_port))

    def hold(self):
        self.call.change(self.call.a, describe(A, LINE % self.a_port + "|a=inactive", version=2),
                         describe(C, LINE % self.b_port + "|a=inactive", version=2))

    def talk(self, claim):
        talk(claim, self.a, self.call.told[self.call.a].media[0].rtp, self.b,
             self.call.told[self.call.b].media[0].rtp)

    def is_ended(self, claim):
        for d in (self.call.a, self.call.b):
            d.answer(d.expect("BYE"), "200 OK")
        ok(claim + ": both are told")

    def was_ended(self):
        return self.call.a.end.got("BYE", self.call.a.call_id)


def main():
    alice, carol = End("alice", A, (FW_LAN, 5060)), End("carol", C, None)
    carol.called = "sip:carol@" + C
    ringing, silent, held, reporting = (Quiet(alice, carol, n) for n in range(4))
    for quiet in (silent, held, reporting):
        quiet.answer()
        quiet.talk("a call is up")
    with Chatter(reporting.a_rtcp, reporting.call.told[reporting.call.a].media[0].rtcp):
        held.hold()
        silent.is_ended("silence")
        check("a held call is not ended by it", not held.was_ended())
        check("nor one with reports alone", not reporting.was_ended())
        held.is_ended("a held call, when its own time is over")
        check("reports still count", not reporting.was_ended())
    ringing.answer()
    ringing.talk("a call that has rung for longer than all of them is answered")
    ringing.call.hang_up()
    reporting.is_ended("without reports")


main()
