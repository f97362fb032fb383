#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Two phones of one LAN, called through a provider that stays in the call: see hairpin.test."""
from ends import *

A, B, C = "192.168.1.11", "192.168.1.12", "203.0.113.20"
LINE = "m=audio %d RTP/AVP 8"


class Through:
    """A call of a to b; the provider takes it on one side and makes it anew on the other, and hands
    descriptions on as they come."""

    def __init__(self, provider, a, b, offer, answer):
        self.left, self.right = Call(a, provider), Call(provider, b)
        left = self.left.invite(offer)
        right = self.right.invite(left.body)
        self.right.b.answer(right, "200 OK", answer)
        got = self.right.a.expect("200 INVITE")
        self.right.a.ack(got)
        self.right.b.expect("ACK")
        self.left.accept(self.left.a, self.left.b, left, got.body)
        self.right.told[self.right.a] = got.sdp()
        self.to_b = self.left.told[self.left.a].media[0]
        self.to_a = self.right.told[self.right.b].media[0]

    def change(self, asker, offer, answer):
        """A re-INVITE of one phone, through to the other and back."""
        near, far = (self.left, self.right) if asker is self.left.a else (self.right, self.left)
        inner = near.other(asker)
        outer = far.a if far is self.right else far.b
        asker.request("INVITE", offer)
        request = inner.expect("INVITE")
        outer.request("INVITE", request.body)
        last = far.other(outer)
        again = last.expect("INVITE")
        last.answer(again, "200 OK", answer)
        got = outer.expect("200 INVITE")
        outer.ack(got)
        last.expect("ACK")
        near.accept(asker, inner, request, got.body)

    def hang_up(self):
        self.left.hang_up()
        self.right.hang_up()


def main():
    alice, bob = End("alice", A, (FW_LAN, 5060)), End("bob", B, (FW_LAN, 5060))
    carol = End("carol", C, None)
    carol.called = "sip:bob@" + C
    alice.register()
    bob.register()
    a, b, b2 = alice.media(30000), bob.media(40000), bob.media(40010)
    a_rtcp, b_rtcp, music = alice.media(30001), bob.media(40001), carol.media(50000)
    here, there = describe(A, LINE % 30000), describe(B, LINE % 40000)

    # Without a provider: they know one another's address, and need nobody in between.
    bob.called = "sip:bob@" + FW_LAN
    inside = Call(alice, bob)
    inside.establish(here, there)
    check("within the LAN descriptions pass as they are",
          inside.told[inside.b].text == here and inside.told[inside.a].text == there)
    talk("and so do voices", a, inside.told[inside.a].media[0].rtp, b,
         inside.told[inside.b].media[0].rtp)
    inside.hang_up(inside.b)

    bob.called = "sip:bob@" + FW_WAN
    call = Through(carol, alice, bob, here, there)
    check("each phone is told our LAN address", call.to_a.ip == FW_LAN and call.to_b.ip == FW_LAN)
    talk("two phones through the provider", a, call.to_b.rtp, b, call.to_a.rtp)
    talk("and their RTCP", a_rtcp, call.to_b.rtcp, b_rtcp, call.to_a.rtcp)

    call.change(call.left.a, describe(A, LINE % 30000 + "|a=sendonly", version=2),
                describe(B, LINE % 40000 + "|a=recvonly", version=2))
    carried("alice holds: bob hears her music", a, call.to_b.rtp, b)
    call.change(call.left.a, describe(A, LINE % 30000, version=3), describe(B, LINE % 40000, version=3))
    talk("and resumes", a, call.to_b.rtp, b, call.to_a.rtp)
    call.change(call.right.b, describe(B, LINE % 40010, version=4), describe(A, LINE % 30000, version=4))
    talk("bob moves to another port", a, call.to_b.rtp, b2, call.to_a.rtp)

    # The provider takes alice's end away to music of its own, and gives it back.
    provider = call.left.b
    meeting = call.right.told[call.right.a].text
    call.left.change(provider, describe(C, LINE % 50000), describe(A, LINE % 30000, version=5))
    talk("the provider plays music to alice", music, call.left.told[provider].media[0].rtp, a,
         call.to_b.rtp)
    not_heard("which bob does not hear", music, call.left.told[provider].media[0].rtp, b2)
    call.left.change(provider, meeting, describe(A, LINE % 30000, version=6))
    talk("and brings them together again", a, call.to_b.rtp, b2, call.to_a.rtp)
    call.hang_up()


main()
