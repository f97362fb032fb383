#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tells whoever asks on UDP port 3479 which address it sees (RFC 8489). Usage: stun_server.py ADDRESS"""
import socket
import struct
import sys

COOKIE = 0x2112A442

sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind((sys.argv[1], 3479))
while True:
    data, (host, port) = sock.recvfrom(2048)
    if len(data) < 20 or struct.unpack("!H", data[:2])[0] != 1:
        continue
    ip = struct.unpack("!I", socket.inet_aton(host))[0] ^ COOKIE
    mapped = struct.pack("!HHBBHI", 0x0020, 8, 0, 1, port ^ (COOKIE >> 16), ip)
    sock.sendto(struct.pack("!HH", 0x0101, len(mapped)) + data[4:20] + mapped, (host, port))
