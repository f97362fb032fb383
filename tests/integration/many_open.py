#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""many_open.py COUNT GO: that many calls of one phone, with a description each, stay open until there is
something to read in the pipe GO; then they are hung up."""
import sys

from ends import FW_LAN, Call, End, check, describe, talk

COUNT, GO = int(sys.argv[1]), sys.argv[2]
alice = End("alice", "192.168.1.11", (FW_LAN, 5060))
carol = End("carol", "203.0.113.20", None)
carol.called = "sip:carol@203.0.113.20"
line = "m=audio %d RTP/AVP 8"
offer, answer = describe(alice.ip, line % 30000), describe(carol.ip, line % 40000)
calls = [Call(alice, carol) for _ in range(COUNT)]
for call in calls:
    call.establish(offer, answer)
ports = {call.told[call.b].media[0].port for call in calls}
check("%d calls are open, each with ports of its own" % COUNT, len(ports) == COUNT)
print("open", flush=True)
with open(GO) as pipe:
    pipe.readline()
a, b = alice.media(30000), carol.media(40000)
for call in calls[0], calls[-1]:
    talk("both ends are heard", a, call.told[call.a].media[0].rtp, b, call.told[call.b].media[0].rtp)
for call in calls:
    call.hang_up()
