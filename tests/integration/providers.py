#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Two providers, at both of which the phones have the same name: see providers.test."""
from ends import *

ONE, TWO, PROXY = "203.0.113.10", "203.0.113.20", "203.0.113.66"
LINE = "m=audio %d RTP/AVP 8"


class Phone(End):
    """Has an account at one provider, and siproxd as outbound proxy."""

    def __init__(self, host, ip, domain):
        super().__init__(host, ip, (FW_LAN, 5060), "100")
        self.domain = domain
        self.voice = self.media(20000)

    def dialog(self, uri):
        return Dialog(self, "sip:%s@%s" % (self.user, self.domain), uri)

    def register_at(self, server):
        d = self.dialog("sip:" + self.domain)
        d.remote = d.local
        d.request("REGISTER", headers=["Expires: 300"])
        request = server.expect("REGISTER", d.call_id)
        check("the provider of %s is asked at %s" % (self.domain, server.ip),
              request.start == "REGISTER sip:%s SIP/2.0" % self.domain, request.start)
        contact = request.uri("Contact")
        Dialog.of(server, request).answer(request, "200 OK",
                                          headers=["Contact: <%s>;expires=300" % contact])
        d.expect("200 REGISTER")
        return contact


def talks(claim, call, phone, server, voice):
    mine, far = (call.a, call.b) if call.a.end is phone else (call.b, call.a)
    talk(claim, phone.voice, call.told[mine].media[0].rtp, voice, call.told[far].media[0].rtp)


def calls(phone, other, server):
    contact = phone.register_at(server)
    voice = server.media(30000)
    own, far = describe(phone.ip, LINE % 20000), describe(server.ip, LINE % 30000)

    server.called = "sip:0301234567@" + phone.domain
    call = Call(phone, server)
    call.establish(own, far)
    talks("a call to %s leaves by %s" % (phone.domain, server.ip), call, phone, server, voice)
    call.hang_up()

    phone.called = contact
    call = Call(server, phone)
    call.establish(far, own)
    talks("a call from there reaches that account's phone", call, phone, server, voice)
    check("and not the other's", not other.got("INVITE"))
    call.hang_up()
    voice.close()


def main():
    one, proxy = End("provider", ONE, None), End("mallory", PROXY, None)
    alice, bob = Phone("alice", "192.168.1.11", ONE), Phone("bob", "192.168.1.12", TWO)
    calls(alice, bob, one)
    calls(bob, alice, proxy)
    calls(alice, bob, one)  # still, after the other one's


main()
