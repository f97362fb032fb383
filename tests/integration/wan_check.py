#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""wan_check.py CAPTURE OUR_ADDRESS,... LAN_PREFIX,...

Reads a capture of the WAN and looks at every SIP message that our firewall sent: no line of its
header (but Call-ID) and none of its body may name the LAN, and a request bears exactly one Via.
Ends with 1 and says where, else with 0 and says how much it has seen.
"""
import ipaddress
import struct
import sys


def packets(path):
    """The UDP packets of a pcap file: (source address, payload)."""
    with open(path, "rb") as f:
        data = f.read()
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    at = 24
    while at + 16 <= len(data):
        length = struct.unpack(order + "I", data[at + 8:at + 12])[0]
        frame = data[at + 16:at + 16 + length]
        at += 16 + length
        found = ip4(frame) if frame[12:14] == b"\x08\x00" else \
            ip6(frame) if frame[12:14] == b"\x86\xdd" else None
        if found:
            yield found


def ip4(frame):
    ip = frame[14:]
    start = (ip[0] & 15) * 4
    if len(frame) < 42 or ip[9] != 17 or struct.unpack(">H", ip[6:8])[0] & 0x1FFF:
        return None                 # no UDP, or a later fragment
    total = struct.unpack(">H", ip[2:4])[0]
    return str(ipaddress.ip_address(ip[12:16])), ip[start + 8:total]


def ip6(frame):
    ip = frame[14:]
    if len(frame) < 62 or ip[6] != 17:
        return None
    total = 40 + struct.unpack(">H", ip[4:6])[0]
    return str(ipaddress.ip_address(ip[8:24])), ip[48:total]


def unfolded(head):
    return head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ").split(b"\r\n")


def names(line, prefixes):
    return any(prefix in line for prefix in prefixes)


def faults(message, prefixes):
    head, _, body = message.partition(b"\r\n\r\n")
    lines = unfolded(head)
    vias = 0
    for line in lines:
        name, _, value = line.partition(b":")
        name = name.strip().lower()
        if name in (b"via", b"v"):
            vias += 1 + value.count(b",")
        if name not in (b"call-id", b"i") and names(line, prefixes):
            yield "a LAN address in the header: " + line.decode("latin1")
    for line in body.splitlines():
        if names(line, prefixes):
            yield "a LAN address in the body: " + line.decode("latin1")
    if not lines[0].startswith(b"SIP/2.0") and vias != 1:
        yield "%d Vias in %s" % (vias, lines[0].decode("latin1"))


def main():
    path, ours, prefixes = sys.argv[1], sys.argv[2].split(","), sys.argv[3].encode().split(b",")
    seen = bad = 0
    for source, payload in packets(path):
        if source not in ours or b"SIP/2.0" not in payload.partition(b"\r\n")[0]:
            continue
        seen += 1
        for fault in faults(payload, prefixes):
            bad += 1
            if bad <= 10:
                print("    " + fault)
    print("    %d SIP messages left to the WAN, %d faults" % (seen, bad))
    sys.exit(1 if bad or not seen else 0)


main()
