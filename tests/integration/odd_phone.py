#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A phone that writes what no decent one would: calls, or answers one call, with headers of
its own choice. Prints what it got, and ends with 0 when the call was set up and ended.

    odd_phone.py call LOCAL_IP PORT PEER_IP URI [NAME=VALUE...]
    odd_phone.py answer LOCAL_IP PORT [NAME=VALUE...]
    odd_phone.py scan LOCAL_IP PORT PEER_IP COUNT

NAME=VALUE: via (sent-by of a request, or in an answer the whole Via), contact (user), from (URI).
"""
import re
import socket
import sys
import time


def header(message, name):
    found = re.search(r"(?mi)^%s:[ \t]*(.*?)\r$" % name, message)
    return found.group(1) if found else ""


def headers(message, *names):
    wanted = "|".join(names)
    return "".join(line + "\r\n" for line in message.split("\r\n\r\n")[0].split("\r\n")
                   if re.match(r"(?i)(%s):" % wanted, line))


class Phone:
    def __init__(self, ip, port, options):
        self.ip, self.port = ip, int(port)
        self.options = dict(o.split("=", 1) for o in options)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((ip, self.port))

    def receive(self, wanted, seconds=20):
        """The next message that begins so."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.socket.settimeout(max(0.1, end - time.monotonic()))
            try:
                data, peer = self.socket.recvfrom(65535)
            except socket.timeout:
                break
            message = data.decode(errors="replace")
            print("<<<", message, flush=True)
            if re.match(wanted, message):
                return message, peer
        sys.exit("nothing like %s came" % wanted)

    def send(self, message, peer):
        print(">>>", message, flush=True)
        self.socket.sendto(message.encode(), peer)

    def contact(self):
        user = self.options.get("contact", "odd")
        return "<sip:%s@%s:%d%s>" % (user, self.ip, self.port, self.options.get("params", ""))

    def request(self, method, uri, cseq, to, branch):
        via = self.options.get("via", "%s:%d" % (self.ip, self.port))
        sender = self.options.get("from", "sip:odd@%s" % self.ip)
        return ("%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s\r\n"
                "Max-Forwards: 70\r\nFrom: <%s>;tag=odd\r\nTo: %s\r\nCall-ID: odd-%s-%d\r\n"
                "CSeq: %d %s\r\nContact: %s\r\nContent-Length: 0\r\n\r\n"
                % (method, uri, via, branch, sender, to, self.ip, self.port, cseq, method,
                   self.contact()))

    def call(self, peer, uri):
        peer = (peer, 5060)
        self.send(self.request("INVITE", uri, 1, "<%s>" % uri, "i"), peer)
        answer, _ = self.receive(r"SIP/2.0 [2-6]")
        if not answer.startswith("SIP/2.0 200"):
            sys.exit("refused: " + answer.split("\r\n")[0])
        target = re.search(r"<([^>]*)>", header(answer, "Contact")).group(1)
        to = header(answer, "To")
        self.send(self.request("ACK", target, 1, to, "a"), peer)
        self.send(self.request("BYE", target, 2, to, "b"), peer)
        self.receive(r"SIP/2.0 200[^\n]*\n(?s:.)*CSeq: 2 BYE")

    def answer(self):
        invite, peer = self.receive("INVITE ")
        via = self.options.get("via")
        reply = ("SIP/2.0 200 OK\r\n%s%s;tag=odd\r\nContact: %s\r\nContent-Length: 0\r\n\r\n"
                 % (("Via: %s\r\n" % via if via else headers(invite, "Via")) +
                    headers(invite, "Record-Route", "From", "Call-ID", "CSeq"),
                    "To: " + header(invite, "To"), self.contact()))
        self.send(reply, peer)
        self.receive("ACK ")
        bye, peer = self.receive("BYE ")
        self.send("SIP/2.0 200 OK\r\n%sContent-Length: 0\r\n\r\n"
                  % headers(bye, "Via", "From", "To", "Call-ID", "CSeq"), peer)

    def scan(self, peer, count):
        for n in range(int(count)):
            self.options["via"] = "%s:%d;x=%d" % (self.ip, self.port, n)
            self.send(self.request("OPTIONS", "sip:%d@%s" % (n, peer), 1, "<sip:x@y>", "s%d" % n),
                      (peer, 5060))
            time.sleep(0.2)  # slower than siproxd's log takes lines, with the demonstration's


def main():
    what, ip, port, *rest = sys.argv[1:]
    if what == "call":
        Phone(ip, port, rest[2:]).call(rest[0], rest[1])
    elif what == "answer":
        Phone(ip, port, rest).answer()
    else:
        Phone(ip, port, rest[2:]).scan(rest[0], rest[1])


main()
