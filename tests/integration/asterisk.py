#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""An Asterisk and its provider, each message as these write it: see asterisk.test. The Asterisk is
pjsip.conf's (its outbound proxy is a Route, its Contact has a line=) or sip.conf's (neither), on a
machine of its own or on siproxd's."""
import hashlib
from ends import *

BOB = "192.168.1.12"
ACCOUNT, SECRET, NUMBER, FAR = "trunk", "secret-trunk", "+4930123456", "0301234567"
LINE = "m=audio %d RTP/AVP 8 101|a=rtpmap:101 telephone-event/8000"


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def digest(method, uri, nonce):
    return md5("%s:%s:%s" % (md5("%s:%s:%s" % (ACCOUNT, PROVIDER, SECRET)), nonce,
                             md5("%s:%s" % (method, uri))))


class Provider(End):
    """Asks for the password, and knows where the account has registered: the one place to call."""
    nonce = "5f2a"

    def demand(self, who, method, header, status):
        """The request comes twice: without an answer to the challenge, and with it."""
        first = self.expect(method, who.call_id)
        d = Dialog.of(self, first)
        d.answer(first, status, headers=['%s: Digest realm="%s", nonce="%s"' %
                                         (header, PROVIDER, self.nonce)])
        challenge = who.expect(status.split()[0] + " " + method)
        if method == "INVITE":
            who.ack_failure(challenge)
        who.authorize(method, challenge[header])
        second = self.expect(method, who.call_id)
        given = second["Proxy-Authorization"] + second["Authorization"]
        check("the provider is told the password of the account (%s)" % method,
              digest(method, second.start.split()[1], self.nonce) in given, given)
        return Dialog.of(self, second), second


class Pbx(End):
    def __init__(self, manner, host, ip, proxy, port):
        super().__init__(host, ip, (proxy, 5060), ACCOUNT, port)
        self.route = ["<sip:%s;lr>" % proxy] if manner == "pjsip.conf" else []
        self.sources = set()

    def receive(self, seconds):
        if select.select([self.sip], [], [], seconds)[0]:
            self.sources.add(self.sip.recvfrom(1, socket.MSG_PEEK)[1])
        return super().receive(0)

    def contact(self):
        line = ";line=xkpqwrt" if self.route else ""
        return "<sip:%s@%s:%d%s>" % (ACCOUNT, self.ip, self.port, line)

    def dialog(self, uri):
        d = Speech(self, "sip:%s@%s" % (ACCOUNT, PROVIDER), uri)
        d.route = list(self.route)
        return d


class Speech(Dialog):
    """What an Asterisk says when it begins something."""

    def say(self, method, body="", headers=()):
        self.last = (method, body, list(headers))
        self.request(method, body, self.last[2] + ["User-Agent: Asterisk PBX",
                                                   "Supported: 100rel, timer, replaces"])

    def authorize(self, method, challenge):
        nonce = re.search('nonce="([^"]*)"', challenge).group(1)
        name = "Authorization" if method == "REGISTER" else "Proxy-Authorization"
        _, body, headers = self.last
        response = digest(method, self.target, nonce)
        self.say(method, body, headers + [
            '%s: Digest username="%s", realm="%s", nonce="%s", uri="%s", response="%s"' %
            (name, ACCOUNT, PROVIDER, nonce, self.target, response)])


def register(pbx, provider, expires):
    d = pbx.dialog("sip:" + PROVIDER)
    d.remote = d.local
    d.say("REGISTER", headers=["Expires: %d" % expires])
    far, request = provider.demand(d, "REGISTER", "WWW-Authenticate", "401 Unauthorized")
    check("no Route leaves", not request.all("Route"))
    provider.account = request.uri("Contact")
    check("the account is reached at siproxd", "@" + FW_WAN in provider.account, provider.account)
    far.answer(request, "200 OK",
               headers=["Contact: <%s>;expires=%d" % (provider.account, expires)])
    granted = d.expect("200 REGISTER").all("Contact")
    check("it registers, and is told its own Contact" if expires else "it unregisters",
          not expires or pbx.contact() in [c.split(";expires=")[0] for c in granted], granted)


def qualify(pbx, provider):
    out = pbx.dialog("sip:" + PROVIDER)
    out.say("OPTIONS")
    question = provider.expect("OPTIONS", out.call_id)
    Dialog.of(provider, question).answer(question, "200 OK")
    out.expect("200 OPTIONS")
    ok("its OPTIONS to the provider are answered")
    back = provider.dialog(provider.account)
    back.request("OPTIONS")
    question = pbx.expect("OPTIONS", back.call_id)
    check("the provider's OPTIONS reach its Contact",
          "<%s>" % question.start.split()[1] == pbx.contact(), question.start)
    Dialog.of(pbx, question).answer(question, "200 OK")
    back.expect("200 OPTIONS")


def ring(caller, callee, uri, offer, answer, number):
    """An incoming call; the Request-URI that the Asterisk sees."""
    callee.called = uri
    call = Call(caller, callee)
    invite = call.invite(offer)
    call.accept(call.a, call.b, invite, answer)
    check("the number that was called stands in To", number in invite["To"], invite["To"])
    return call, invite.start.split()[1]


def talks(call, here, there):
    mine, far = (call.a, call.b) if isinstance(call.a.end, Pbx) else (call.b, call.a)
    talk("heard both ways", here, call.told[mine].media[0].rtp, there, call.told[far].media[0].rtp)


def call_out(pbx, provider, here, there):
    own, far = describe(pbx.ip, LINE % here.addr[1]), describe(PROVIDER, LINE % there.addr[1])
    provider.called = "sip:%s@%s" % (FAR, PROVIDER)
    call = Call(pbx, provider)
    call.a.say("INVITE", own)
    call.b, invite = provider.demand(call.a, "INVITE", "Proxy-Authenticate",
                                     "407 Proxy Authentication Required")
    check("the provider is called by the number that was dialled",
          invite.start == "INVITE %s SIP/2.0" % provider.called)
    call.told[call.b] = invite.sdp()
    call.accept(call.a, call.b, invite, far)
    talks(call, here, there)

    direct_media(pbx, call, here, there)
    call.change(call.b, describe(PROVIDER, LINE % there.addr[1], version=4),
                describe(pbx.ip, LINE % here.addr[1], version=4))
    ok("the provider's re-INVITE, as session timers send it, is answered")
    call.hang_up(call.b)


def direct_media(pbx, call, here, there):
    """The Asterisk takes itself out, a phone of the LAN speaks for it, and it comes back. By
    loopback no phone can reach the address that siproxd tells."""
    if pbx.ip == "127.0.0.1":
        return
    bob = Socket("bob", BOB, 20000)
    call.change(call.a, describe(BOB, LINE % 20000, version=2),
                describe(PROVIDER, LINE % there.addr[1], version=2))
    talks(call, bob, there)
    call.change(call.a, describe(pbx.ip, LINE % here.addr[1], version=3),
                describe(PROVIDER, LINE % there.addr[1], version=3))
    talks(call, here, there)
    bob.close()


def calls_in(pbx, provider, here, there):
    own, far = describe(pbx.ip, LINE % here.addr[1]), describe(PROVIDER, LINE % there.addr[1])
    call, uri = ring(provider, pbx, "sip:%s@%s" % (NUMBER, FW_WAN), far, own, NUMBER)
    check("a number of the trunk stands in the Request-URI",
          uri.startswith("sip:%s@%s:%d" % (NUMBER, pbx.ip, pbx.port)), uri)
    talks(call, here, there)
    call.hang_up(call.b)
    call, uri = ring(provider, pbx, provider.account, far, own, ACCOUNT)
    check("a call to the account has the Contact in it", "<%s>" % uri == pbx.contact(), uri)
    talks(call, here, there)
    call.hang_up(call.a)


BOX = "192.168.1.2"
PLACES = {  # host, address, outbound proxy, port
    "a machine of its own": ("alice", "192.168.1.11", FW_LAN, 5060),
    "siproxd's machine, by its LAN address": ("fw", FW_LAN, FW_LAN, 5070),
    "siproxd's machine, by loopback": ("fw", "127.0.0.1", "127.0.0.1", 5070),
    "beside a siproxd in front of the router": ("alice", "192.168.1.11", BOX, 5060),
    "siproxd's machine in front of the router": ("box", BOX, BOX, 5070),
}


def main(host, *places):
    provider = Provider(host, PROVIDER, None, ACCOUNT)
    there = provider.media(30000)
    for manner, place in itertools.product(("pjsip.conf", "sip.conf"), places):
        print("  %s, %s" % (manner, place))
        pbx = Pbx(manner, *PLACES[place])
        here = pbx.media(10000)
        register(pbx, provider, 300)
        qualify(pbx, provider)
        call_out(pbx, provider, here, there)
        calls_in(pbx, provider, here, there)
        register(pbx, provider, 0)
        check("all comes from siproxd's address and port", pbx.sources == {pbx.via}, pbx.sources)
        here.close()
        pbx.sip.close()


PROVIDER = sys.argv[2]
main(sys.argv[1], *sys.argv[3:])
