#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The life of a long call, with voices that never stop: see long_call.test."""
from ends import *

A, C, D = "192.168.1.11", "203.0.113.20", "203.0.113.30"
MISSED = 3  # packets in a row: a loaded machine may drop one


def audio(end, port, more="", **how):
    return describe(end.ip, "m=audio %d RTP/AVP 11|a=rtpmap:11 L16/8000%s" % (port, more), **how)


class Story:
    def __init__(self, folder, alice, carol):
        self.alice, self.carol = alice, carol
        self.a, self.a_port, self.b_port = alice.media(30000), 30000, 40000
        self.b = carol.media(40000)
        self.alice_says, self.carol_says = Voice(440, 1), Voice(850, 2)
        self.alice_hears = Ear(folder + "/alice.wav")
        self.carol_hears = Ear(folder + "/carol.wav")
        self.alice_hears.listen(self.a)
        self.carol_hears.listen(self.b)
        self.call = Call(alice, carol)
        self.call.establish(audio(alice, 30000), audio(carol, 40000))
        self.to_b = self.call.told[self.call.a].media[0].rtp
        self.to_a = self.call.told[self.call.b].media[0].rtp
        self.alice_says.speak(self.a, self.to_b)
        self.carol_says.speak(self.b, self.to_a)

    def both_go_on(self, claim):
        self.alice_hears.goes_on(claim + ": alice hears carol", self.carol_says)
        self.carol_hears.goes_on(claim + ": carol hears alice", self.alice_says)

    def re_invites(self):
        for n in range(10):
            asker = self.call.b if n % 2 else self.call.a
            offer, answer = audio(self.alice, self.a_port), audio(self.carol, self.b_port)
            if asker is self.call.b:
                offer, answer = answer, offer
            if n % 5 == 4:
                self.call.refuse(asker, offer, "491 Request Pending")
            else:
                self.call.change(asker, offer, answer)
            self.both_go_on("re-INVITE %d" % (n + 1))

    def hold(self, how, **address):
        """By alice; carol's phone is silent meanwhile, alice's plays music."""
        self.carol_says.pause()
        self.call.change(self.call.a, audio(self.alice, self.a_port, "|a=" + how, **address),
                         audio(self.carol, self.b_port, "|a=recvonly"))
        self.carol_hears.goes_on("held: carol hears the music", self.alice_says)
        self.call.change(self.call.a, audio(self.alice, self.a_port), audio(self.carol, self.b_port))
        self.carol_says.speak(self.b, self.to_a)
        self.both_go_on("resumed")

    def move(self):
        """Alice's phone changes its port, says so, and speaks from there at once."""
        old, self.a, self.a_port = self.a, self.alice.media(30010), 30010
        self.alice_hears.listen(old, self.a)
        self.alice_says.speak(self.a, self.to_b)
        self.call.change(self.call.a, audio(self.alice, self.a_port), audio(self.carol, self.b_port))
        self.both_go_on("after alice's phone has moved")

    def transfer(self, dave, folder):
        """Carol hands alice over to dave."""
        call, new = self.call, Call(self.alice, dave)
        call.b.request("REFER", headers=["Refer-To: <%s>" % dave.called])
        refer = call.a.expect("REFER")
        check("the target of the transfer arrives", refer.uri("Refer-To") == dave.called)
        call.a.answer(refer, "202 Accepted")
        call.b.expect("202 REFER")
        c, d, dave_says = self.alice.media(30020), dave.media(50000), Voice(1200, 3)
        dave_hears = Ear(folder + "/dave.wav")
        dave_hears.listen(d)
        self.alice_hears.listen(self.a, c)
        new.establish(audio(self.alice, 30020), audio(dave, 50000))
        dave_says.speak(d, new.told[new.b].media[0].rtp)
        self.alice_says.speak(c, new.told[new.a].media[0].rtp)
        said_to_carol = self.alice_says.number
        call.a.request("NOTIFY", "SIP/2.0 200 OK\r\n", kind="message/sipfrag",
                       headers=["Event: refer", "Subscription-State: terminated;reason=noresource"])
        call.b.answer(call.b.expect("NOTIFY"), "200 OK")
        call.a.expect("200 NOTIFY")
        self.carol_says.pause()
        call.hang_up()
        self.alice_hears.goes_on("transferred: alice hears dave", dave_says)
        dave_hears.goes_on("dave hears alice", self.alice_says)
        self.alice_says.pause()
        dave_says.pause()
        new.hang_up(new.b)
        time.sleep(0.2)  # what is under way
        return said_to_carol, dave_hears, dave_says

    def rebind(self):
        """A NAT in front of alice's phone takes another port, and nobody says so: the relay follows
        her stream there when the old port is silent (LATCH_FOLLOW_MS)."""
        before = self.alice_says.number
        new = self.alice.media(30012)
        self.alice_hears.listen(self.a, new)
        self.alice_says.speak(new, self.to_b)
        self.both_go_on("after a silent change of alice's port")
        self.a = new
        return before, self.alice_says.number


def main():
    folder = sys.argv[1]
    alice, carol, dave = End("alice", A, (FW_LAN, 5060)), End("carol", C, None), End("dave", D, None)
    carol.called, dave.called = "sip:carol@" + C, "sip:dave@" + D
    story = Story(folder, alice, carol)
    story.both_go_on("answered")
    story.re_invites()
    story.hold("sendonly")
    story.move()
    story.hold("sendonly", connection="0.0.0.0")
    quiet_from, quiet_to = story.rebind()
    last, dave_hears, dave_says = story.transfer(dave, folder)
    gaps = {
        "carol's voice": story.alice_hears.longest_gap(story.carol_says),
        "alice's voice before her port changed silently":
            story.carol_hears.longest_gap(story.alice_says, 0, quiet_from - 1),
        "alice's voice from then on":
            story.carol_hears.longest_gap(story.alice_says, quiet_to, last - 1),
        "alice's voice to dave": dave_hears.longest_gap(story.alice_says, last + 1),
        "dave's voice": story.alice_hears.longest_gap(dave_says),
    }
    for what, gap in gaps.items():
        check("%s was never lost (%d packets)" % (what, gap), gap <= MISSED)
    gap = story.carol_hears.longest_gap(story.alice_says, quiet_from, quiet_to)
    check("the silent change cost less than the second that others must wait (%d packets)" % gap,
          gap < 50)
    for ear in (story.alice_hears, story.carol_hears, dave_hears):
        ear.close()


main()
