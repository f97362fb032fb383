#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""More than siproxd can read at once: see burst.test."""
import signal

from ends import *

A, FW_LAN, C = "192.168.1.11", "192.168.1.1", "203.0.113.20"
COUNT = 300


def main():
    pid = int(sys.argv[1])
    alice, carol = End("alice", A, (FW_LAN, 5060)), End("carol", C, None)
    alice.sip.setsockopt(socket.SOL_SOCKET, 33, 4 << 20)  # SO_RCVBUFFORCE
    padding = ["X-Padding: " + "x" * 700]
    os.kill(pid, signal.SIGSTOP)
    try:
        asked = [Dialog(alice, "sip:alice@" + A, "sip:" + FW_LAN) for _ in range(COUNT)]
        for d in asked:
            d.request("OPTIONS", headers=padding)
    finally:
        os.kill(pid, signal.SIGCONT)
    for d in asked:
        alice.expect("200 OPTIONS", d.call_id)
    ok("%d requests that came while siproxd could not read are all answered" % COUNT)
    d = Dialog(alice, "sip:alice@" + A, "sip:carol@" + C)
    d.request("OPTIONS")
    carol.expect("OPTIONS", d.call_id)
    ok("and what comes then is forwarded")


main()
