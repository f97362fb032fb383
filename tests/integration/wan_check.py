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


def frames(path):
    """The packets of a pcap file: (protocol, source address, both addresses, what IP carries)."""
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
    if len(frame) < 42 or struct.unpack(">H", ip[6:8])[0] & 0x1FFF:
        return None                 # a later fragment
    total = struct.unpack(">H", ip[2:4])[0]
    return ip[9], str(ipaddress.ip_address(ip[12:16])), ip[12:20], ip[start:total]


def ip6(frame):
    ip = frame[14:]
    if len(frame) < 62:
        return None
    total = 40 + struct.unpack(">H", ip[4:6])[0]
    return ip[6], str(ipaddress.ip_address(ip[8:24])), ip[8:40], ip[40:total]


def cut(stream):
    """The messages of a TCP stream, by Content-Length."""
    while True:
        stream = stream.lstrip(b"\r\n")
        head, end, rest = stream.partition(b"\r\n\r\n")
        if not end:
            return
        length = 0
        for line in unfolded(head):
            name, _, value = line.partition(b":")
            if name.strip().lower() in (b"content-length", b"l"):
                length = int(value)
        yield head + end + rest[:length]
        stream = rest[length:]


def follow(streams, source, ends, segment):
    """Adds what comes next in a TCP stream; a segment that comes again is known by its number."""
    key = ends + segment[:4]
    number = struct.unpack(">I", segment[4:8])[0]
    if segment[13] & 2:             # SYN
        number += 1
        streams[source, key, number] = streams[key] = [number, source, b""]
    stream = streams.get(key)
    data = segment[(segment[12] >> 4) * 4:]
    if stream and data and number == (stream[0] + len(stream[2])) & 0xFFFFFFFF:
        stream[2] += data


def packets(path):
    """The messages of a pcap file: (source address, message)."""
    streams = {}
    for protocol, source, ends, data in frames(path):
        if protocol == 17:
            yield source, data[8:]
        elif protocol == 6 and len(data) >= 20:
            follow(streams, source, ends, data)
    for key, (_, source, data) in streams.items():
        if len(key) == 3:           # each stream also stands under its ends, for the latest
            for message in cut(data):
                yield source, message


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
