#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What runs when siproxd ends: see restart_call.test. Each time a line of `steps` comes the script
says "READY", waits until the shell has started siproxd again, and goes on."""
import sys

from ends import *

A, C = "192.168.1.11", "203.0.113.20"
LINE = "m=audio %d RTP/AVP 8"


def restarted(why):
    print("READY " + why, flush=True)
    if not sys.stdin.readline():
        fail("nobody starts siproxd again")


class Pair:
    def __init__(self, alice, carol, n, port_a=30000, port_b=40000):
        self.a_port, self.b_port = port_a + 10 * n, port_b + 10 * n
        self.a, self.b = alice.media(self.a_port), carol.media(self.b_port)
        self.call = Call(alice, carol)
        self.invite = self.call.invite(describe(A, LINE % self.a_port))

    def answer(self):
        self.call.accept(self.call.a, self.call.b, self.invite, describe(C, LINE % self.b_port))

    def talk(self, claim):
        talk(claim, self.a, self.call.told[self.call.a].media[0].rtp, self.b,
             self.call.told[self.call.b].media[0].rtp)


def subscribe(alice, carol):
    """Alice watches carol. Returns both dialogs."""
    watcher = alice.dialog(carol.called)
    watcher.request("SUBSCRIBE", headers=["Event: dialog", "Expires: 3600"])
    asked = carol.expect("SUBSCRIBE", watcher.call_id)
    watched = Dialog.of(carol, asked)
    watched.answer(asked, "200 OK", headers=["Expires: 3600"])
    watcher.learn(watcher.expect("200 SUBSCRIBE"))
    return watcher, watched


def notify(claim, watcher, watched):
    watched.request("NOTIFY", headers=["Event: dialog", "Subscription-State: active;expires=3000"])
    watcher.answer(watcher.expect("NOTIFY"), "200 OK")
    watched.expect("200 NOTIFY")
    ok(claim)


def refresh(claim, watcher, watched):
    watcher.request("SUBSCRIBE", headers=["Event: dialog", "Expires: 3600"])
    watched.answer(watched.expect("SUBSCRIBE"), "200 OK", headers=["Expires: 3600"])
    watcher.expect("200 SUBSCRIBE")
    ok(claim)


def main():
    alice, carol = End("alice", A, (FW_LAN, 5060)), End("carol", C, None)
    carol.called = "sip:carol@" + C
    talking, ringing = Pair(alice, carol, 0), Pair(alice, carol, 1)
    talking.answer()
    talking.talk("a call is up")
    ringing.call.b.answer(ringing.invite, "180 Ringing")
    ringing.call.a.expect("180 INVITE")
    ok("another one rings")
    watcher, watched = subscribe(alice, carol)
    notify("a subscription lives", watcher, watched)

    restarted("calls")
    talking.talk("after the restart both hear each other, on the ports that they know")
    notify("a NOTIFY finds the phone", watcher, watched)
    refresh("the phone can refresh its subscription", watcher, watched)
    ringing.answer()
    ringing.talk("the late 200 has found the caller, and they talk")
    talking.call.change(talking.call.a, describe(A, LINE % talking.a_port + "|a=sendonly", version=2),
                        describe(C, LINE % talking.b_port + "|a=recvonly", version=2))
    check("a re-INVITE finds its call, and changes no port",
          talking.call.told[talking.call.b].media[0].port ==
          ringing.invite.sdp().media[0].port - 2)

    restarted("again")
    ringing.talk("and after another restart")
    talking.call.hang_up(talking.call.b)
    ok("BYE from the WAN finds the phone")
    ringing.call.hang_up(ringing.call.a)
    ok("BYE from the LAN goes out")
    notify("the subscription still lives", watcher, watched)


main()
