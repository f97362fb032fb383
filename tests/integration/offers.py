#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Offers and answers wherever they can be, with either end calling: see offers.test."""
from ends import *

A, C = "192.168.1.11", "203.0.113.20"
LINE = "m=audio %d RTP/AVP 8"


def audio(end, port, version=1, more=""):
    return describe(end.ip, LINE % port + more, version=version)


def voices(claim, call, a, b, told_a=None):
    """The caller's socket and the callee's hear each other."""
    told_a = told_a or call.told[call.a]
    talk(claim, a, told_a.media[0].rtp, b, call.told[call.b].media[0].rtp)


def late_offer(name, caller, callee):
    """No offer in the INVITE: it is in the 200, its answer in the ACK."""
    a, b = caller.media(30000), callee.media(40000)
    call = Call(caller, callee)
    call.a.request("INVITE")
    invite = callee.expect("INVITE", call.a.call_id)
    call.b = Dialog.of(callee, invite)
    call.b.answer(invite, "200 OK", audio(callee, 40000))
    got = call.a.expect("200 INVITE")
    call.told[call.a] = got.sdp()
    call.a.ack(got, audio(caller, 30000))
    call.told[call.b] = call.b.expect("ACK").sdp()
    voices(name + ": the offer in the 200, the answer in the ACK", call, a, b)
    # and so in a re-INVITE, which moves the callee
    c = callee.media(40010)
    call.a.request("INVITE")
    again = call.b.expect("INVITE")
    call.b.answer(again, "200 OK", audio(callee, 40010, 2))
    got = call.a.expect("200 INVITE")
    call.a.ack(got, audio(caller, 30000, 2))
    call.b.expect("ACK")
    voices(name + ": the same in a re-INVITE", call, a, c)
    call.hang_up()
    return a, b, c


def early(name, caller, callee):
    """183 with an answer, PRACK, UPDATE before the 200, and a 200 that says something else."""
    a, b, b2 = caller.media(30000), callee.media(40000), callee.media(40002)
    call = Call(caller, callee)
    invite = call.invite(audio(caller, 30000), headers=["Supported: 100rel"])
    call.b.answer(invite, "183 Session Progress", audio(callee, 40000),
                  headers=["Require: 100rel", "RSeq: 1"])
    progress = call.a.expect("183 INVITE")
    call.told[call.a] = progress.sdp()
    call.a.learn(progress)
    call.a.request("PRACK", headers=["RAck: 1 %s INVITE" % invite.cseq])
    call.b.answer(call.b.expect("PRACK"), "200 OK")
    call.a.expect("200 PRACK")
    voices(name + ": early media", call, a, b)
    call.change(call.a, audio(caller, 30000, 2), audio(callee, 40002, 2), method="UPDATE")
    voices(name + ": after an early UPDATE", call, a, b2)
    call.a.request("PRACK", audio(caller, 30000, 3), headers=["RAck: 2 %s INVITE" % invite.cseq])
    prack = call.b.expect("PRACK")
    call.b.answer(prack, "200 OK", audio(callee, 40000, 3))
    call.told[call.a] = call.a.expect("200 PRACK").sdp()
    voices(name + ": after an offer in a PRACK", call, a, b)
    call.b.answer(invite, "200 OK")
    call.a.ack(call.a.expect("200 INVITE"))
    call.b.expect("ACK")
    voices(name + ": a 200 without a description changes nothing", call, a, b)
    call.hang_up(call.b)

    call = Call(caller, callee)
    invite = call.invite(audio(caller, 30000))
    call.b.answer(invite, "183 Session Progress", audio(callee, 40000))
    call.told[call.a] = call.a.expect("183 INVITE").sdp()
    voices(name + ": an announcement", call, a, b)
    call.accept(call.a, call.b, invite, audio(callee, 40002))
    voices(name + ": a 200 that names another port", call, a, b2)
    call.hang_up()
    return a, b, b2


def forked(name, caller, callee):
    """Two callees ring with early media behind one far end; the caller keeps one port, and the 2xx
    selects. The other one is a stranger from then on."""
    a, b, c = caller.media(30000), callee.media(40000), callee.media(40002)
    call = Call(caller, callee)
    invite = call.invite(audio(caller, 30000))
    other = Dialog.of(callee, invite)
    call.b.answer(invite, "183 Session Progress", audio(callee, 40000))
    first = call.a.expect("183 INVITE")
    other.answer(invite, "183 Session Progress", audio(callee, 40002))
    second = call.a.expect("183 INVITE")
    check(name + ": one port for the caller", first.sdp().ports() == second.sdp().ports())
    voices(name + ": the first early dialog", call, a, b, first.sdp())
    voices(name + ": the second", call, a, c, second.sdp())
    voices(name + ": the first still", call, a, b, first.sdp())
    other.answer(invite, "200 OK", audio(callee, 40002))
    got = call.a.expect("200 INVITE")
    call.a.ack(got)
    other.expect("ACK")
    call.told[other] = call.told[call.b]
    call.b, call.told[call.a] = other, got.sdp()
    voices(name + ": who took the call", call, a, c)
    not_heard(name + ": the other one hears no more", a, call.told[call.a].media[0].rtp, b)
    call.hang_up()
    return a, b, c


def refused(name, caller, callee):
    """A re-INVITE refused, or two that meet, takes nothing from what runs."""
    a, b = caller.media(30000), callee.media(40000)
    video = "|m=video 30002 RTP/AVP 96"
    call = Call(caller, callee)
    call.establish(audio(caller, 30000), audio(callee, 40000))
    for asker, offer in ((call.a, audio(caller, 30010, 2, video)), (call.b, audio(callee, 40010, 2, video))):
        for status in ("488 Not Acceptable Here", "491 Request Pending"):
            call.refuse(asker, offer, status)
            voices("%s: refused with %s" % (name, status), call, a, b)
    # Glare: both ask at once, both are refused (RFC 3261 14.2)
    call.a.request("INVITE", audio(caller, 30010, 3))
    call.b.request("INVITE", audio(callee, 40010, 3))
    for d in (call.a, call.b):
        d.answer(d.expect("INVITE"), "491 Request Pending")
    for d in (call.a, call.b):
        d.ack_failure(d.expect("491 INVITE"))
    voices(name + ": glare", call, a, b)
    call.change(call.b, audio(callee, 40000, 4), audio(caller, 30000, 4))
    voices(name + ": and the second attempt", call, a, b)
    call.hang_up()
    return a, b


def moving(name, caller, callee):
    """An end that moves sends from its new port at once: that must not wait for the answer."""
    a, b, a2, b2 = caller.media(30000), callee.media(40000), caller.media(30010), callee.media(40010)
    call = Call(caller, callee)
    call.establish(audio(caller, 30000), audio(callee, 40000))
    voices(name + ": before the move", call, a, b)
    for asker, new, offer, old, other, answer in (
            (call.a, a2, audio(caller, 30010, 2), a, b, audio(callee, 40000, 2)),
            (call.b, b2, audio(callee, 40010, 3), b, a2, audio(caller, 30010, 3))):
        asker.request("INVITE", offer)
        request = call.other(asker).expect("INVITE")
        to_other, to_asker = call.told[asker].media[0].rtp, call.told[call.other(asker)].media[0].rtp
        with Chatter(old, to_other):
            carried(name + ": it speaks from the new port before the answer", new, to_other, other)
            carried(name + ": and hears there", other, to_asker, new)
        carried(name + ": the old one is still taken", old, to_other, other)
        call.accept(asker, call.other(asker), request, answer)
        talk(name + ": and after the answer", new, to_other, other, to_asker)
        not_heard(name + ": when the old one is done with", other, to_asker, old)
    call.hang_up()
    return a, b, a2, b2


def main():
    alice = End("alice", A, (FW_LAN, 5060))
    carol = End("carol", C, None)
    alice.called, carol.called = "sip:alice@" + FW_WAN, "sip:carol@" + C
    alice.register()
    for caller, callee in ((alice, carol), (carol, alice)):
        name = "%s calls %s" % (caller.host, callee.host)
        for story in (late_offer, early, forked, refused, moving):
            for s in story(name, caller, callee):
                s.close()


main()
