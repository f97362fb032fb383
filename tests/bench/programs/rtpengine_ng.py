#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""rtpengine_ng.py HOST PORT LAN_IP WAN_IP PHONE_PORT COUNT: makes that many calls in rtpengine by its
ng protocol (bencode in datagrams). Prints for each where its LAN and its WAN end have to send."""
import re
import socket
import sys


def encode(value):
    if isinstance(value, dict):
        return b"d" + b"".join(encode(k) + encode(value[k]) for k in sorted(value)) + b"e"
    if isinstance(value, list):
        return b"l" + b"".join(map(encode, value)) + b"e"
    return b"%d:%s" % (len(value), value.encode())


def sdp(ip, port):
    return ("v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio %d RTP/AVP 0\r\n"
            "a=rtpmap:0 PCMU/8000\r\n" % (ip, ip, port))


def ask(sock, number, command):
    cookie = b"%d" % number
    for _ in range(5):
        sock.send(cookie + b" " + encode(command))
        try:
            answer = sock.recv(65536)
        except socket.timeout:
            continue
        if answer.startswith(cookie + b" ") and b"6:result2:ok" in answer:
            host = re.search(rb"\nc=IN IP4 ([0-9.]+)", answer).group(1)
            port = re.search(rb"\nm=audio ([0-9]+)", answer).group(1)
            return "%s:%s" % (host.decode(), port.decode())
        sys.exit("rtpengine says: %r" % answer)
    sys.exit("rtpengine does not answer")


def main():
    host, port, lan, wan, first, count = sys.argv[1:]
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(1)
    sock.connect((host, int(port)))
    for i in range(int(count)):
        media = int(first) + 2 * i
        call = {"call-id": "bench-%d" % i, "from-tag": "lan", "ICE": "remove"}
        wan_sends_to = ask(sock, 2 * i, dict(call, command="offer", sdp=sdp(lan, media),
                                             direction=["lan", "wan"]))
        lan_sends_to = ask(sock, 2 * i + 1, dict(call, **{"to-tag": "wan"}, command="answer",
                                                 sdp=sdp(wan, media)))
        print(lan_sends_to, wan_sends_to)


main()
