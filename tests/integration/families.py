#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The two ends are of different families, or say who they are by name: see families.test."""
from ends import *

A, C, C6, FW_WAN6 = "192.168.1.11", "203.0.113.20", "2001:db8::20", "2001:db8::2"
A6, FW_LAN6 = "fd00:1::11", "fd00:1::1"
LINE = "m=audio %d RTP/AVP 8|a=rtcp:%d IN IP%d %s"


def audio(end, port, **how):
    family = 6 if ":" in end.ip else 4
    return describe(end.ip, LINE % (port, port + 1, family, end.ip), **how)


def in_two_families(caller, callee):
    name = "%s (%s) calls %s (%s)" % (caller.host, caller.ip, callee.host, callee.ip)
    a, b = caller.media(30000), callee.media(40000)
    a_rtcp, b_rtcp = caller.media(30001), callee.media(40001)
    call = Call(caller, callee)
    call.establish(audio(caller, 30000), audio(callee, 40000))
    for d in (call.a, call.b):
        text, family = call.told[d].text, 6 if ":" in d.end.ip else 4
        found = set(re.findall(r"IN IP(\d) (\S+)", text))
        ours = {"4": (FW_LAN, FW_WAN), "6": (FW_WAN6,)}[str(family)]
        check("%s: %s is told of its own family alone" % (name, d.end.host), len(found) == 1 and
              all(int(n) == family and ip in ours for n, ip in found), text)
    to_b, to_a = call.told[call.a].media[0], call.told[call.b].media[0]
    talk(name + ": voice", a, to_b.rtp, b, to_a.rtp)
    talk(name + ": RTCP", a_rtcp, to_b.rtcp, b_rtcp, to_a.rtcp)
    call.change(call.b, describe(callee.ip, "m=audio 40000 RTP/AVP 8|a=sendonly", version=2),
                audio(caller, 30000, version=2))
    call.change(call.b, audio(callee, 40000, version=3), audio(caller, 30000, version=3))
    talk(name + ": and after hold", a, to_b.rtp, b, to_a.rtp)
    call.hang_up(call.b)
    for s in (a, b, a_rtcp, b_rtcp):
        s.close()


def voice_of_the_other_family(alice, carol):
    """She signals over IPv4, and wants her voice over IPv6."""
    a, b = alice.media(30000, A6), carol.media(40000)
    call = Call(alice, carol)
    call.establish(describe(A6, "m=audio 30000 RTP/AVP 8"), audio(carol, 40000))
    check("who wants media of the other family is told so",
          call.told[call.a].media[0].ip == FW_LAN6, call.told[call.a].text)
    talk("and speaks by it", a, call.told[call.a].media[0].rtp, b, call.told[call.b].media[0].rtp)
    call.hang_up()
    a.close()
    b.close()


def by_name(caller, callee, names):
    """Neither writes an address; the callee's name is of another host than the one that signals."""
    name = "%s calls %s by name" % (caller.host, callee.host)
    media = {"alice": ("alice", A), "carol": ("gateway", "203.0.113.30")}
    a, b = (Socket(*media[e.host], port) for e, port in ((caller, 30000), (callee, 40000)))
    call = Call(caller, callee)

    def named(end, port):
        return describe(end.ip, "m=audio %d RTP/AVP 8" % port).replace(end.ip, names[end.host])

    call.establish(named(caller, 30000), named(callee, 40000))
    for d in (call.a, call.b):
        check(name + ": the name stays here", "example" not in call.told[d].text, call.told[d].text)
    to_b, to_a = call.told[call.a].media[0], call.told[call.b].media[0]
    # Nobody has spoken yet: only who knows the name's address can send there.
    for one, told, other in ((b, to_a, a), (a, to_b, b)):
        carried(name + ": %s is heard" % one.host, one, told.rtp, other)
    call.hang_up()
    a.close()
    b.close()


def main():
    alice = End("alice", A, (FW_LAN, 5060))
    carol, carol6 = End("carol", C, None), End("carol", C6, None)
    carol.called, carol6.called = "sip:carol@" + C, "sip:carol@[%s]" % C6
    alice.register()
    for callee, way in ((carol6, "[%s]" % FW_WAN6), (carol, FW_WAN)):
        alice.called = "sip:alice@" + way
        in_two_families(alice, callee)
        in_two_families(callee, alice)
    voice_of_the_other_family(alice, carol)
    names = {"alice": "phone.example", "carol": "gateway.example"}
    by_name(alice, carol, names)
    by_name(carol, alice, names)


main()
