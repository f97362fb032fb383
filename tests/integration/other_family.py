#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The server that answers is of another family than the first, which is dead: see other_family.test."""
from ends import *

A, C, C6, FW_WAN6 = "192.168.1.11", "203.0.113.20", "2001:db8:1::20", "2001:db8:1::2"
LINE = "m=audio %d RTP/AVP 8|a=rtcp:%d"


def calls(alice, carol, domain, ours):
    a, b = alice.media(30000), carol.media(40000)
    carol.called = "sip:carol@" + domain
    call = Call(alice, carol)
    call.establish(describe(A, LINE % (30000, 30001)), describe(carol.ip, LINE % (40000, 40001)))
    text = call.told[call.b].text
    check("%s: the second server is told of our address %s alone" % (domain, ours),
          set(re.findall(r"IN IP\d (\S+)", text)) == {ours}, text)
    talk("%s: voice" % domain, a, call.told[call.a].media[0].rtp, b, call.told[call.b].media[0].rtp)
    call.hang_up()
    a.close()
    b.close()


def main():
    alice = End("alice", A, (FW_LAN, 5060))
    carol, carol6 = End("carol", C, None), End("carol", C6, None)
    alice.register()
    calls(alice, carol6, "to6.example", FW_WAN6)
    calls(alice, carol, "to4.example", FW_WAN)


main()
