#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What is too large for a datagram: it goes by TCP to whoever is known to speak that, else as fragments,
and never waits for a connection that does not come."""
import select
import socket

from ends import FW_LAN, End, Message, PATIENCE_S, check, finish, socket_on

PADDING = ["X-Padding: %s" % ("%02d" % i * 60) for i in range(30)]


class Stream:
    """Where somebody listens for connections: takes one message, answers it on the same way."""

    def __init__(self, host, ip):
        self.listener = socket_on(host, ip, 5060, socket.SOCK_STREAM)
        self.listener.listen(4)
        self.connections = []

    def receive(self, seconds):
        """The next message; None."""
        data = b""
        while select.select([self.listener] + self.connections, [], [], seconds)[0]:
            ready = select.select([self.listener] + self.connections, [], [], 0)[0]
            if self.listener in ready:
                self.connections.append(self.listener.accept()[0])
                continue
            self.last = ready[0]
            more = self.last.recv(65536)
            if not more:
                self.connections.remove(self.last)
                continue
            data += more
            head, found, body = data.partition(b"\r\n\r\n")
            if not found:
                continue
            message = Message(data)
            if len(body) >= int(message["Content-Length"]):
                return message
        return None

    def answer(self, request):
        lines = ["SIP/2.0 200 OK"] + ["Via: " + v for v in request.all("Via")]
        lines += ["From: " + request["From"], "To: %s;tag=tcp" % request["To"],
                  "Call-ID: " + request["Call-ID"], "CSeq: " + request["CSeq"]]
        self.last.sendall(finish(lines, "", "").encode())

    def close(self):
        for s in self.connections + [self.listener]:
            s.close()


def whole(message):
    return [v for n, v in message.headers if n == "X-Padding"] == \
        [p.split(": ")[1] for p in PADDING]


def ask(alice, target, headers=()):
    d = alice.dialog(target)
    d.request("MESSAGE", "hello", headers, "text/plain")
    return d


def by_stream(claim, alice, stream, target, headers=()):
    d = ask(alice, target, headers)
    request = stream.receive(PATIENCE_S)
    check(claim, request and request.method == "MESSAGE" and
          request["Via"].startswith("SIP/2.0/TCP") and request.body == "hello" and
          (not headers or whole(request)), request and request.start)
    stream.answer(request)
    alice.expect("200 MESSAGE", d.call_id)


def by_datagram(claim, alice, carol, target, headers=()):
    d = ask(alice, target, headers)
    request = carol.expect("MESSAGE", d.call_id)
    check(claim, request["Via"].startswith("SIP/2.0/UDP") and request.body == "hello" and
          (not headers or whole(request)), request["Via"])
    other = carol.dialog(d.target)
    other.call_id = d.call_id
    other.answer(request, "200 OK")
    alice.expect("200 MESSAGE", d.call_id)


alice = End("alice", "192.168.1.11", (FW_LAN, 5060))
carol = End("carol", "203.0.113.20", None)
plain, tcp = "sip:carol@203.0.113.20", "sip:carol@203.0.113.20;transport=tcp"

by_datagram("a large request to somebody unknown goes as fragments, whole", alice, carol, plain,
            PADDING)
stream = Stream("carol", "203.0.113.20")
by_stream("transport=tcp is what it says", alice, stream, tcp)
by_stream("from now on what is large goes by TCP", alice, stream, plain, PADDING)
by_datagram("what is small does not", alice, carol, plain)
stream.close()
by_datagram("without TCP a large one falls back to fragments", alice, carol, plain, PADDING)
