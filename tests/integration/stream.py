#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A scripted end of TCP connections. Each word is a mode; it ends with 0 when all went as it should,
and says what did not.

  cut HOST PORT          OPTIONS in every segmentation: one byte at a time, cut anywhere, many at once
  ping HOST PORT         the keepalive of RFC 5626
  garbage HOST PORT      what is no SIP is cut off, what has no end is answered and cut off
  slow HOST PORT         a message that comes byte by byte and never ends is cut off, a silent peer too
  idle HOST PORT         a connection that nothing relies on is closed
  many HOST PORT N MAX   of N connections at most MAX stay
"""
import random
import select
import socket
import sys
import time

PATIENCE = 90


class Trouble(Exception):
    pass


def dial(host, port):
    s = socket.create_connection((host, int(port)), timeout=PATIENCE)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def options(s, host, extra=""):
    me = "%s:%d" % s.getsockname()[:2]
    return ("OPTIONS sip:%s SIP/2.0\r\n"
            "Via: SIP/2.0/TCP %s;branch=z9hG4bK%d\r\n"
            "Max-Forwards: 70\r\n"
            "From: <sip:script@%s>;tag=%d\r\n"
            "To: <sip:%s>\r\n"
            "Call-ID: %d\r\n"
            "CSeq: 1 OPTIONS\r\n"
            "%sContent-Length: 0\r\n\r\n" % (
                host, me, random.getrandbits(60), me, random.getrandbits(30), host,
                random.getrandbits(60), extra)).encode()


def answers(s, count):
    """Reads so many 200s to OPTIONS and nothing else."""
    data = b""
    while data.count(b"\r\n\r\n") < count:
        more = s.recv(65536)
        if not more:
            raise Trouble("closed after %d of %d answers" % (data.count(b"\r\n\r\n"), count))
        data += more
    if data.count(b"SIP/2.0 200 ") != count or not data.endswith(b"\r\n\r\n"):
        raise Trouble("not %d answers: %r" % (count, data[:200]))


def closed(s, what):
    """Until the far end closes; what it says before is returned."""
    data = b""
    try:
        while True:
            more = s.recv(65536)
            if not more:
                return data
            data += more
    except ConnectionResetError:
        return data
    except socket.timeout:
        raise Trouble("not cut off: " + what)


def cut(host, port):
    s = dial(host, port)
    for byte in options(s, host):
        s.sendall(bytes([byte]))
    answers(s, 1)
    for at in range(1, 300, 7):
        message = options(s, host)
        s.sendall(message[:at])
        time.sleep(0.002)           # so that it is a segment of its own
        s.sendall(message[at:])
        answers(s, 1)
    s.sendall(b"".join(options(s, host) for _ in range(40)))
    answers(s, 40)
    several = options(s, host) + b"\r\n" + options(s, host, "X: %s\r\n" % ("x" * 20000))
    s.sendall(several[:-5])
    time.sleep(0.01)
    s.sendall(several[-5:])
    answers(s, 2)


def ping(host, port):
    s = dial(host, port)
    s.sendall(b"\r\n\r\n")
    pong = s.recv(100)
    if pong != b"\r\n":
        raise Trouble("no pong but %r" % pong)
    s.sendall(options(s, host))
    answers(s, 1)


def garbage(host, port):
    for text in (b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/1.1\r\n\r\n", b"hello\r\n"):
        s = dial(host, port)
        s.sendall(text)
        said = closed(s, repr(text))
        if said:
            raise Trouble("%r was answered: %r" % (text, said))
    s = dial(host, port)
    s.sendall(options(s, host).replace(b"Length: 0", b"Length: zero"))
    said = closed(s, "a bad Content-Length")
    if not said.startswith(b"SIP/2.0 400 "):
        raise Trouble("a bad Content-Length was not refused: %r" % said)
    s = dial(host, port)
    s.sendall(options(s, host).replace(b"Length: 0", b"Length: 70000") + b"x" * 70000)
    said = closed(s, "a message too large")
    if not said.startswith(b"SIP/2.0 513 "):
        raise Trouble("a message too large was not told so: %r" % said)


def slow(host, port):
    silent, endless = dial(host, port), dial(host, port)
    text = b"OPTIONS sip:a SIP/2.0\r\n"
    start = time.monotonic()
    while time.monotonic() - start < PATIENCE:
        try:
            endless.sendall(text)
        except OSError:
            break
        text = b"X: y\r\n"
        if select.select([endless], [], [], 0.5)[0]:
            break
    closed(endless, "an endless sender")
    closed(silent, "a silent peer")


def idle(host, port):
    s = dial(host, port)
    s.sendall(options(s, host))
    answers(s, 1)
    closed(s, "an idle connection")


def many(host, port, count, most):
    held = []
    for _ in range(int(count)):
        held.append(dial(host, port))
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        gone = select.select(held, [], [], 0.2)[0]
        held = [s for s in held if s not in gone]
        if len(held) <= int(most):
            break
    if not 0 < len(held) <= int(most):
        raise Trouble("%d connections stay" % len(held))
    print("held", flush=True)
    sys.stdin.readline()            # until told to go


def main():
    modes = {f.__name__: f for f in (cut, ping, garbage, slow, idle, many)}
    try:
        modes[sys.argv[1]](*sys.argv[2:])
    except (Trouble, OSError) as trouble:
        print("    %s: %s" % (sys.argv[1], trouble))
        sys.exit(1)


main()
