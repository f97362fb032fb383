#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every kind of m-line, both ways and with either end calling: see media_kinds.test."""
from ends import *

A, C = "192.168.1.11", "203.0.113.20"
A2, C2 = "192.168.1.111", "203.0.113.120"  # second addresses of the same hosts

# What is no business of ours, as it is found in the wild.
AUDIO = ("m=audio %d RTP/AVP 8 101|a=rtpmap:8 PCMA/8000|a=rtpmap:101 telephone-event/8000|"
         "a=fmtp:101 0-16|a=ptime:20|a=X-nat:0 Unknown|a=sendrecv")
SDES = ("m=audio %d RTP/SAVP 8|"
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR|2^20|1:32")
DTLS = ("m=video %d UDP/TLS/RTP/SAVPF 96 97|a=rtpmap:96 VP8/90000|a=fmtp:97 apt=96|"
        "a=fingerprint:sha-256 FD:00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:"
        "17:18:19:1A:1B:1C:1D:1E|a=setup:actpass|a=rtcp-fb:* nack pli|a=ssrc:1 cname:x@y")
TEXT = "m=text %d RTP/AVP 98|a=rtpmap:98 t140/1000"
T38 = "m=image %d udptl t38|a=T38FaxVersion:0|a=T38MaxBitRate:14400|a=T38FaxUdpEC:t38UDPRedundancy"
BFCP = "m=application %d UDP/BFCP *|a=floorctrl:c-s|a=confid:4321"
SCTP = "m=application %d UDP/DTLS/SCTP webrtc-datachannel|a=sctp-port:5000"
MSRP = "m=message %d TCP/MSRP *|a=accept-types:text/plain|a=setup:actpass"
TCP_BFCP = "m=application %d TCP/TLS/BFCP *|a=floorctrl:c-s"
PLAIN_UDP = "m=x-data %d udp 0"
KINDS = [T38, AUDIO, MSRP, DTLS, TEXT, SDES, BFCP, TCP_BFCP, SCTP, PLAIN_UDP]
OVER_TCP = {i for i, kind in enumerate(KINDS) if "TCP" in kind}


def with_ports(kinds, base):
    return [kind % (base + 10 * i) for i, kind in enumerate(kinds)]


def without_ports(text):
    """All that must pass byte for byte: neither addresses nor ports."""
    text = re.sub(r"IN IP[46] \S+", "IN IP x", text)
    return re.sub(r"(?m)^(m=\S+) \d+", r"\1 x", text)


def pairs(call, one, other, lines, claim):
    """Each of these m-lines carries, both ways: RTP and what comes to the port above."""
    for i in lines:
        to_other, to_one = call.told[call.a].media[i], call.told[call.b].media[i]
        talk("%s: m-line %d" % (claim, i), one.line[i], to_other.rtp, other.line[i], to_one.rtp)
        talk("%s: m-line %d, the port above" % (claim, i), one.above[i], to_other.rtcp,
             other.above[i], to_one.rtcp)


def open_media(end, base, n):
    end.line = {i: end.media(base + 10 * i) for i in range(n)}
    end.above = {i: end.media(base + 10 * i + 1) for i in range(n)}


def close_media(end):
    for s in list(end.line.values()) + list(end.above.values()):
        s.close()


def every_kind(caller, callee):
    """Ten m-lines of all kinds; then some go, one comes, one comes back."""
    name = "%s calls %s" % (caller.host, callee.host)
    n = len(KINDS)
    relayed = [i for i in range(n) if i not in OVER_TCP]
    open_media(caller, 30000, n + 1)
    open_media(callee, 40000, n + 1)
    offer = describe(caller.ip, *with_ports(KINDS, 30000), session=["a=tool:x", "b=AS:99", "y=?"])
    lines = with_ports(KINDS, 40000)
    for i in OVER_TCP:
        lines[i] = KINDS[i] % 0
    answer = describe(callee.ip, *lines)
    call = Call(caller, callee)
    call.establish(offer, answer)
    told = call.told[call.b]
    check(name + ": what is no address and no port passes byte for byte",
          without_ports(told.text) == without_ports(offer), told.text)
    check(name + ": media over TCP are refused, others are not",
          [i for i in range(n) if told.media[i].port == 0] == sorted(OVER_TCP), told.text)
    check(name + ": and so the caller is told", [i for i in range(n)
          if call.told[call.a].media[i].port == 0] == sorted(OVER_TCP), call.told[call.a].text)
    check(name + ": pairs begin at an even port", all(m.port % 2 == 0 for m in told.media))
    pairs(call, caller, callee, relayed, name)

    # The callee takes the second half away, and offers one more.
    less = lines[:4] + [re.sub(r" \d+ ", " 0 ", line, count=1) for line in lines[4:]]
    here = with_ports(KINDS, 30000)
    here = here[:2] + [KINDS[2] % 0, here[3]] + [re.sub(r" \d+ ", " 0 ", x, count=1) for x in here[4:]]
    call.change(call.b, describe(callee.ip, *less, AUDIO % (40000 + 10 * n), version=2),
                describe(caller.ip, *here, AUDIO % (30000 + 10 * n), version=2))
    pairs(call, caller, callee, [0, 1, 3, n], name + ", after a re-INVITE")
    # The caller brings text back, by UPDATE.
    here[4], less[4] = TEXT % 30040, TEXT % 40040
    call.change(call.a, describe(caller.ip, *here, AUDIO % (30000 + 10 * n), version=3),
                describe(callee.ip, *less, AUDIO % (40000 + 10 * n), version=3), method="UPDATE")
    pairs(call, caller, callee, [0, 1, 3, 4, n], name + ", after an UPDATE")
    call.hang_up(call.b)
    close_media(caller)
    close_media(callee)


def rtcp(caller, callee, second):
    """RTCP on a port or an address of its own, and on the port of RTP. `second` are addresses."""
    name = "%s calls %s" % (caller.host, callee.host)
    a, b = caller.media(30000), callee.media(40000)
    a_rtcp, b_rtcp = caller.media(30777), callee.media(40009, second[callee.host])
    line = "m=audio %d RTP/AVP 8|a=rtcp:%s"
    call = Call(caller, callee)
    call.establish(describe(caller.ip, line % (30000, "30777")),
                   describe(callee.ip, line % (40000, "40009 IN IP4 " + second[callee.host])))
    to_b, to_a = call.told[call.a].media[0], call.told[call.b].media[0]
    check(name + ": a=rtcp names us alone", to_b.rtcp[0] == to_b.ip and to_a.rtcp[0] == to_a.ip and
          second[callee.host] not in call.told[call.a].text, call.told[call.a].text)
    talk(name + ": RTP beside it", a, to_b.rtp, b, to_a.rtp)
    talk(name + ": RTCP on its own port and address", a_rtcp, to_b.rtcp, b_rtcp, to_a.rtcp)
    # From now on both on one port (RFC 5761, with what RFC 8858 says as well)
    mux = "m=audio %d RTP/AVP 8|a=rtcp:%d|a=rtcp-mux"
    call.change(call.a, describe(caller.ip, mux % (30000, 30000), version=2),
                describe(callee.ip, mux % (40000, 40000), version=2))
    to_b, to_a = call.told[call.a].media[0], call.told[call.b].media[0]
    check(name + ": one port for both is told as one", to_b.rtcp == to_b.rtp and to_a.rtcp == to_a.rtp)
    talk(name + ": RTP and RTCP on one port", a, to_b.rtp, b, to_a.rtp)
    report = b"\x80\xc8\x00\x06" + bytes(24) + b"\x81\xca\x00\x02" + bytes(4) + b"\x01\x02me\0\0\0\0"
    b.send(report, to_a.rtp)
    check(name + ": a report passes with its CNAME", a.hear(report, PATIENCE_S))
    call.hang_up()
    for s in (a, b, a_rtcp, b_rtcp):
        s.close()


def hold(caller, callee):
    """Each dialect of hold: who holds hears nothing more of the other, and resumes."""
    name = "%s calls %s" % (caller.host, callee.host)
    a, b = caller.media(30000), callee.media(40000)
    line, there = "m=audio 30000 RTP/AVP 8", "m=audio 40000 RTP/AVP 8"
    call = Call(caller, callee)
    call.establish(describe(caller.ip, line), describe(callee.ip, there))

    def both_talk(claim):
        talk("%s: %s" % (name, claim), a, call.told[call.a].media[0].rtp, b,
             call.told[call.b].media[0].rtp)

    both_talk("at first")
    held = {
        "sendonly": (describe(caller.ip, line + "|a=sendonly", version=2), there + "|a=recvonly"),
        "inactive": (describe(caller.ip, line + "|a=inactive", version=2), there + "|a=inactive"),
        "0.0.0.0": (describe(caller.ip, line, version=2, connection="0.0.0.0"), there),
    }
    for dialect, (offer, answer) in held.items():
        call.change(call.a, offer, describe(callee.ip, answer, version=2))
        told = call.told[call.b].media[0]
        check("%s: hold by %s arrives as such" % (name, dialect), dialect in told.text or
              told.ip == dialect, call.told[call.b].text)
        if dialect == "0.0.0.0":
            not_heard(name + ": who has no address hears nothing", b, (FW_LAN if callee.ip == A
                      else FW_WAN, told.port), a)
        source = arrives(a, call.told[call.a].media[0].rtp, b)
        check("%s: music on hold is heard (%s)" % (name, dialect), source)
        call.change(call.a, describe(caller.ip, line, version=3), describe(callee.ip, there, version=3))
        both_talk("after resuming from " + dialect)
    # Removed by port 0, and back
    call.change(call.a, describe(caller.ip, "m=audio 0 RTP/AVP 8", version=4),
                describe(callee.ip, "m=audio 0 RTP/AVP 8", version=4))
    call.change(call.b, describe(callee.ip, there, version=5), describe(caller.ip, line, version=5))
    both_talk("after port 0 and back")
    call.hang_up()
    a.close()
    b.close()


def ways_around(caller, callee):
    """ICE, bundles, descriptions in odd places: whoever answers, media go through us."""
    name = "%s calls %s" % (caller.host, callee.host)
    a, b = caller.media(30000), callee.media(40000)
    av, bv = caller.media(30002), callee.media(40002)
    ice = ("|a=ice-ufrag:F7gI|a=ice-pwd:x9cml/YzichV2+XlhiMu8g|a=candidate:1 1 UDP 2130706431 %s %d "
           "typ host|a=rtcp-mux|a=mid:%s")
    offer = describe(
        caller.ip, "m=audio 30000 UDP/TLS/RTP/SAVPF 8" + ice % (caller.ip, 30000, "a"),
        "m=video 30002 UDP/TLS/RTP/SAVPF 96" + ice % (caller.ip, 30002, "v"),
        "m=video 0 UDP/TLS/RTP/SAVPF 96|a=bundle-only" + ice % (caller.ip, 9, "w"),
        session=["a=group:BUNDLE a v w", "a=group:LS a v", "a=ice-options:trickle ice2",
                 "a=msid-semantic:WMS *"])
    call = Call(caller, callee)
    # as a part among others
    multipart = ("--frontier\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
                 "--frontier\r\nContent-Type: application/sdp\r\n\r\n%s\r\n--frontier--\r\n")
    call.a.request("INVITE", multipart % offer, kind="multipart/mixed;boundary=frontier")
    invite = callee.expect("INVITE", call.a.call_id)
    call.b = Dialog.of(callee, invite)
    check(name + ": the other part is as it was", "\r\nhello\r\n--frontier\r\n" in invite.body)
    call.told[call.b] = Sdp(invite.body)
    told = invite.body
    check(name + ": no candidate, no ICE", "candidate" not in told and "a=ice" not in told, told)
    check(name + ": no bundle, but the other group", "BUNDLE" not in told and
          "bundle-only" not in told and "a=group:LS a v\r\n" in told, told)
    check(name + ": each has its own port", len(set(call.told[call.b].ports())) == 3, told)
    plain = describe(callee.ip, "m=audio 40000 UDP/TLS/RTP/SAVPF 8|a=mid:a",
                     "m=video 40002 UDP/TLS/RTP/SAVPF 96|a=mid:v", "m=video 0 UDP/TLS/RTP/SAVPF 96")
    call.accept(call.a, call.b, invite, plain)
    talk(name + ": an ICE phone and a plain one", a, call.told[call.a].media[0].rtp, b,
         call.told[call.b].media[0].rtp)
    talk(name + ": and their video", av, call.told[call.a].media[1].rtp, bv,
         call.told[call.b].media[1].rtp)
    # Candidates that follow (RFC 8840)
    for d in (call.a, call.b):
        other = call.other(d)
        d.request("INFO", "a=ice-ufrag:F7gI\r\nm=audio 9 RTP/AVP 0\r\na=mid:a\r\na=candidate:1 1 UDP 1 "
                  "%s 30000 typ host\r\na=end-of-candidates\r\n" % d.end.ip,
                  headers=["Info-Package: trickle-ice"], kind="application/trickle-ice-sdpfrag")
        info = other.expect("INFO")
        check(name + ": candidates in an INFO stay here", "candidate" not in info.body and
              "a=mid:a" in info.body, info.body)
        other.answer(info, "200 OK")
        d.expect("200 INFO")
        # What one can do: no offer, no port, no address
        d.request("OPTIONS")
        options = other.expect("OPTIONS")
        other.answer(options, "200 OK", describe(other.end.ip, "m=audio 5555 RTP/AVP 8"))
        can = d.expect("200 OPTIONS")
        check(name + ": capabilities name us and no port", other.end.ip not in can.body and
              can.sdp().ports() == [0], can.body)
    talk(name + ": and the call goes on", a, call.told[call.a].media[0].rtp, b,
         call.told[call.b].media[0].rtp)
    call.hang_up()
    for s in (a, b, av, bv):
        s.close()


def main():
    alice = End("alice", A, (FW_LAN, 5060))
    carol = End("carol", C, None)
    alice.called, carol.called = "sip:alice@" + FW_WAN, "sip:carol@" + C
    alice.register()
    for caller, callee in ((alice, carol), (carol, alice)):
        every_kind(caller, callee)
        rtcp(caller, callee, {"alice": A2, "carol": C2})
        hold(caller, callee)
        ways_around(caller, callee)


main()
