# SPDX-License-Identifier: GPL-2.0-or-later
"""ends: both ends of calls, scripted. One process plays phones and far ends in the namespaces of the
lab (lab.sh): it opens each socket inside the host that it is to stand on, and then goes through a
call step by step, so that a test reads as the story of the call. Whatever is proved prints an "ok:"
line; the first failure ends the program with 1.

An End has a SIP socket and makes Dialogs. A Dialog sends requests and answers; expect() waits for
the next message of a kind. Media are Sockets, and carried() sends marked packets from one to where
the other end was told to be reached, until one arrives: content is what proves a path.
"""
import ctypes
import itertools
import math
import os
import re
import select
import socket
import sys
import threading
import time
import wave

PATIENCE_S = 20  # for what must come
BRIEF_S = 0.05   # between two tries
FW_LAN, FW_WAN = "192.168.1.1", "203.0.113.2"
CLONE_NEWNET = 0x40000000

libc = ctypes.CDLL(None, use_errno=True)
counter = itertools.count(1)


def ok(claim):
    print("  ok: " + claim, flush=True)


def fail(text):
    print("  FAILED: " + text, flush=True)
    sys.exit(1)


def check(claim, truth, more=""):
    if not truth:
        fail(claim + ("   [%s]" % more if more else ""))
    ok(claim)


def enter(fd):
    if libc.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def socket_on(host, ip, port, kind=socket.SOCK_DGRAM):
    """A socket in the host's namespace; it stays there when we leave."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open("/run/netns/" + host, os.O_RDONLY)
    try:
        enter(there)
        family = socket.AF_INET6 if ":" in ip else socket.AF_INET
        s = socket.socket(family, kind)
        s.bind((ip, port))
        return s
    finally:
        enter(home)
        os.close(home)
        os.close(there)


def bracketed(ip):
    return "[%s]" % ip if ":" in ip else ip


# --- messages --------------------------------------------------------------------------------

class Message:
    def __init__(self, data):
        head, _, body = data.decode("latin1").partition("\r\n\r\n")
        lines = re.sub(r"\r\n[ \t]+", " ", head).split("\r\n")
        self.start, self.body = lines[0], body
        self.headers = [tuple(p.strip() for p in line.split(":", 1)) for line in lines[1:]]
        self.status = int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else 0
        self.cseq, self.method = self["CSeq"].split()

    def all(self, name):
        return [v for n, v in self.headers if n.lower() == name.lower()]

    def __getitem__(self, name):
        return (self.all(name) + [""])[0]

    def tag(self, name):
        found = re.search(r";tag=([^;\s>]+)", self[name])
        return found.group(1) if found else ""

    def uri(self, name):
        found = re.search(r"<([^>]*)>", self[name])
        return found.group(1) if found else self[name].split(";")[0].strip()

    def identity(self):
        """The same for a retransmission."""
        return (self.start, self["Call-ID"], self["CSeq"], self["Via"], self.tag("To"), self["RSeq"])

    def sdp(self):
        return Sdp(self.body)


class Sdp:
    """A description as it was received: where each of its m-lines is to be reached."""

    def __init__(self, text):
        self.text = text
        parts = re.split(r"(?m)^(?=m=)", text)
        session = re.search(r"(?m)^c=IN IP[46] (\S+)", parts[0])
        self.media = [Line(part, session.group(1) if session else "") for part in parts[1:]]

    def ports(self):
        return [m.port for m in self.media]


class Line:
    def __init__(self, text, session_ip):
        own = re.search(r"(?m)^c=IN IP[46] (\S+)", text)
        rtcp = re.search(r"(?m)^a=rtcp:(\d+)(?: IN IP[46] (\S+))?", text)
        self.text, self.ip = text, own.group(1) if own else session_ip
        self.port = int(text.split()[1])
        self.rtp = (self.ip, self.port)
        self.rtcp = (rtcp.group(2) or self.ip, int(rtcp.group(1))) if rtcp else \
            (self.ip, self.port + 1)


def describe(ip, *lines, session=(), version=1, origin=None, connection=None):
    """A description of that host; each of `lines` is an m-line with its attributes behind it,
    separated by "|"."""
    def network(a):
        return "IN IP%d %s" % (6 if ":" in a else 4, a)
    out = ["v=0", "o=- 1 %d %s" % (version, network(origin or ip)), "s=-",
           "c=" + network(connection or ip), "t=0 0"]
    out += session
    for line in lines:
        out += line.split("|")
    return "\r\n".join(out) + "\r\n"


# --- ends ------------------------------------------------------------------------------------

class End:
    """One phone, or whoever is out there. `via` is where it sends requests to; None: to where
    the Request-URI says."""

    def __init__(self, host, ip, via, user=None, port=5060):
        self.host, self.ip, self.via, self.user, self.port = host, ip, via, user or host, port
        self.sip = socket_on(host, ip, port)
        self.inbox, self.seen = [], set()

    def uri(self):
        return "sip:%s@%s" % (self.user, bracketed(self.ip))

    def contact(self):
        return "<sip:%s@%s:%d>" % (self.user, bracketed(self.ip), self.port)

    def send(self, text, to):
        self.sip.sendto(text.encode("latin1"), to)

    def receive(self, seconds):
        if not select.select([self.sip], [], [], seconds)[0]:
            return False
        m = Message(self.sip.recvfrom(65536)[0])
        # A repeated message is not news; but a repeated 2xx or ACK may be what a test waits for
        # only once.
        if m.identity() not in self.seen:
            self.seen.add(m.identity())
            self.inbox.append(m)
        return True

    def take(self, fits):
        for i, m in enumerate(self.inbox):
            if fits(m):
                return self.inbox.pop(i)
        return None

    def expect(self, what, call_id=None, seconds=PATIENCE_S):
        """The next request of that method, or response ("200 INVITE")."""
        def fits(m):
            if call_id and m["Call-ID"] != call_id:
                return False
            if what[0].isdigit():
                return what == "%d %s" % (m.status, m.method)
            return not m.status and m.method == what

        end = time.monotonic() + seconds
        while True:
            m = self.take(fits)
            if m:
                return m
            if time.monotonic() > end:
                fail("%s waits for %s in vain; it has %s" % (
                    self.host, what, [m.start for m in self.inbox]))
            self.receive(0.1)

    def got(self, what, call_id=None):
        """Has it come up to now?"""
        while self.receive(0):
            pass
        return any(what == ("%d %s" % (m.status, m.method) if m.status else m.method) and
                   (not call_id or m["Call-ID"] == call_id) for m in self.inbox)

    def media(self, port, ip=None):
        return Socket(self.host, ip or self.ip, port)

    def register(self):
        d = Dialog(self, "sip:%s@%s" % (self.user, self.via[0]), "sip:" + self.via[0])
        d.remote = d.local
        d.request("REGISTER", headers=["Expires: 600"])
        self.expect("200 REGISTER")

    def dialog(self, uri):
        """To call somebody."""
        return Dialog(self, self.uri(), uri)


class Dialog:
    def __init__(self, end, local, target, call_id=None):
        self.end, self.target = end, target
        self.local, self.remote = "<%s>" % local, "<%s>" % target
        self.tag, self.to_tag, self.cseq, self.route = "t%d" % next(counter), "", 0, []
        self.call_id = call_id or "call-%d-%d" % (next(counter), os.getpid())

    @staticmethod
    def of(end, invite, tag=None):
        """The one that was called."""
        d = Dialog(end, invite.uri("To"), invite.uri("Contact"), invite["Call-ID"])
        d.local, d.remote = "<%s>" % invite.uri("To"), "<%s>" % invite.uri("From")
        d.tag, d.to_tag = tag or d.tag, invite.tag("From")
        d.route = invite.all("Record-Route")
        return d

    def next_hop(self):
        if self.end.via:
            return self.end.via
        uri = re.search(r"<([^>]*)>", self.route[0]).group(1) if self.route else self.target
        host = re.match(r"sips?:(?:[^@]*@)?(\[[^\]]*\]|[^:;>]*)", uri).group(1)
        return (host.strip("[]"), 5060)

    def write(self, method, cseq, body, headers, kind):
        me = "%s:%d" % (bracketed(self.end.ip), self.end.port)
        branch = "z9hG4bK%d.%d" % (next(counter), os.getpid())
        lines = ["%s %s SIP/2.0" % (method, self.target),
                 "Via: SIP/2.0/UDP %s;branch=%s;rport" % (me, branch), "Max-Forwards: 70",
                 "From: %s;tag=%s" % (self.local, self.tag),
                 "To: %s%s" % (self.remote, ";tag=" + self.to_tag if self.to_tag else ""),
                 "Call-ID: " + self.call_id, "CSeq: %d %s" % (cseq, method),
                 "Contact: " + self.end.contact()]
        lines += ["Route: " + r for r in self.route] + list(headers)
        return finish(lines, body, kind)

    def request(self, method, body="", headers=(), kind="application/sdp"):
        self.cseq += 1
        self.sent = self.write(method, self.cseq, body, headers, kind)
        self.end.send(self.sent, self.next_hop())

    def ack_failure(self, answer):
        """Of the last request's branch, as it ends that transaction (RFC 3261 17.1.1.3)."""
        lines = [line for line in self.sent.split("\r\n\r\n")[0].split("\r\n")
                 if not line.startswith(("Content-", "Contact:", "To:", "CSeq:"))]
        lines[0] = "ACK" + lines[0][lines[0].index(" "):]
        lines += ["To: " + answer["To"], "CSeq: %s ACK" % answer.cseq]
        self.end.send(finish(lines, "", ""), self.next_hop())

    def ack(self, answer, body=""):
        """To a 2xx; who it came from is learnt here."""
        self.learn(answer)
        self.end.send(self.write("ACK", int(answer.cseq), body, [], "application/sdp"),
                      self.next_hop())

    def learn(self, answer):
        self.to_tag = answer.tag("To")
        if answer.uri("Contact"):
            self.target = answer.uri("Contact")
        if answer.all("Record-Route"):
            self.route = list(reversed(", ".join(answer.all("Record-Route")).split(", ")))

    def answer(self, request, status, body="", headers=(), kind="application/sdp"):
        to = request["To"] + ("" if request.tag("To") else ";tag=" + self.tag)
        lines = ["SIP/2.0 " + status] + ["Via: " + v for v in request.all("Via")]
        lines += ["Record-Route: " + r for r in request.all("Record-Route")]
        lines += ["From: " + request["From"], "To: " + to, "Call-ID: " + self.call_id,
                  "CSeq: " + request["CSeq"], "Contact: " + self.end.contact()] + list(headers)
        via = re.match(r"SIP/2.0/UDP (\[[^\]]*\]|[^:;]*)(?::(\d+))?", request["Via"])
        self.end.send(finish(lines, body, kind),
                      (via.group(1).strip("[]"), int(via.group(2) or 5060)))

    def expect(self, what, **how):
        return self.end.expect(what, self.call_id, **how)


def finish(lines, body, kind):
    if body:
        lines.append("Content-Type: " + kind)
    lines.append("Content-Length: %d" % len(body))
    return "\r\n".join(lines) + "\r\n\r\n" + body


# --- calls -----------------------------------------------------------------------------------

class Call:
    """Both ends of a call, a the caller's dialog and b the callee's. `told` is what each was last
    told of the other: Sdps."""

    def __init__(self, caller, callee):
        self.a, self.b, self.told = caller.dialog(callee.called), None, {}
        self.callee = callee

    def invite(self, offer, **how):
        self.a.request("INVITE", offer, **how)
        invite = self.callee.expect("INVITE", self.a.call_id)
        self.b = self.b or Dialog.of(self.callee, invite)
        self.told[self.b] = invite.sdp()
        return invite

    def establish(self, offer, answer):
        invite = self.invite(offer)
        self.accept(self.a, self.b, invite, answer)

    def accept(self, asker, other, invite, answer):
        other.answer(invite, "200 OK", answer)
        got = asker.expect("200 INVITE")
        self.told[asker] = got.sdp()
        asker.ack(got)
        other.expect("ACK")

    def other(self, asker):
        return self.b if asker is self.a else self.a

    def change(self, asker, offer, answer, method="INVITE"):
        """A re-INVITE or UPDATE that is accepted."""
        other = self.other(asker)
        asker.request(method, offer)
        request = other.expect(method)
        self.told[other] = request.sdp()
        if method == "INVITE":
            self.accept(asker, other, request, answer)
            return
        other.answer(request, "200 OK", answer)
        self.told[asker] = asker.expect("200 " + method).sdp()

    def refuse(self, asker, offer, status):
        """A re-INVITE that is not accepted."""
        other = self.other(asker)
        asker.request("INVITE", offer)
        request = other.expect("INVITE")
        other.answer(request, status)
        other.expect("ACK")
        asker.ack_failure(asker.expect("%s INVITE" % status.split()[0]))
        return request

    def hang_up(self, asker=None):
        asker = asker or self.a
        other = self.other(asker)
        asker.request("BYE")
        other.answer(other.expect("BYE"), "200 OK")
        asker.expect("200 BYE")


# --- media -----------------------------------------------------------------------------------

class Socket:
    def __init__(self, host, ip, port):
        self.s, self.addr = socket_on(host, ip, port), (ip, port)
        self.host = host

    def send(self, word, to):
        self.s.sendto(word, to)

    def hear(self, word, seconds):
        """Where the word came from; None. What else came is thrown away."""
        end = time.monotonic() + seconds
        while select.select([self.s], [], [], max(0, end - time.monotonic()))[0]:
            try:
                got, source = self.s.recvfrom(65536)
            except ConnectionRefusedError:
                continue
            if got == word:
                return source[:2]
        return None

    def close(self):
        self.s.close()


def rtp(payload, number=1, kind=8, ssrc=7):
    return bytes([0x80, kind]) + number.to_bytes(2, "big") + (160 * number).to_bytes(4, "big") + \
        ssrc.to_bytes(4, "big") + payload


def arrives(sender, to, receiver, seconds=PATIENCE_S):
    word = rtp(b"word %d of %s" % (next(counter), sender.host.encode()))
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        sender.send(word, to)
        source = receiver.hear(word, BRIEF_S)
        if source:
            return source
    return None


def carried(claim, sender, to, receiver):
    """What is sent to `to` arrives at the receiver. Returns the address that it came from."""
    source = arrives(sender, to, receiver)
    check(claim, source)
    return source


def talk(claim, one, told_one, other, told_other):
    """Both ways, each to where it was told that the other is; answers come from there as well."""
    for sender, told, receiver, own in ((one, told_one, other, told_other),
                                        (other, told_other, one, told_one)):
        source = arrives(sender, told, receiver)
        if not source:
            fail("%s: nothing from %s:%d through %s:%d" % ((claim,) + sender.addr + told))
        if source != own:
            fail("%s: it comes from %s, not from %s" % (claim, source, own))
    ok(claim)


class Chatter:
    """Goes on speaking from there to there, in a `with`."""

    def __init__(self, sender, to):
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(sender, to), daemon=True)

    def run(self, sender, to):
        while not self.over.wait(0.02):
            sender.send(rtp(b"chatter"), to)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def not_heard(claim, sender, to, receiver):
    """Neither at once nor later: what is sent does not arrive."""
    check(claim, not arrives(sender, to, receiver, 0.5))


# --- voices ----------------------------------------------------------------------------------

RATE, FRAME = 8000, 160  # 20 ms of 16-bit samples; the relay does not care for the codec


class Voice:
    """Speaks a tone, a numbered packet each 20 ms, from a socket to an address that may change."""

    def __init__(self, hertz, ssrc):
        self.hertz, self.ssrc, self.number = hertz, ssrc, 0
        self.way, self.over = None, threading.Event()
        threading.Thread(target=self.run, daemon=True).start()

    def speak(self, sender, to):
        self.way = (sender, to)

    def pause(self):
        self.way = None

    def frame(self):
        first = self.number * FRAME
        return b"".join(int(12000 * math.sin(2 * math.pi * self.hertz * t / RATE))
                        .to_bytes(2, "big", signed=True) for t in range(first, first + FRAME))

    def run(self):
        due = time.monotonic()
        while not self.over.is_set():
            way = self.way
            if way:
                way[0].send(rtp(self.frame(), self.number, 11, self.ssrc), way[1])
                self.number += 1
            due += 0.02
            time.sleep(max(0, due - time.monotonic()))


class Ear:
    """Hears on some sockets: which packets of which voice, and keeps the sound as a recording."""

    def __init__(self, path):
        self.path, self.sockets, self.heard, self.over = path, [], {}, threading.Event()
        self.wav = wave.open(path, "wb")
        self.wav.setnchannels(1)
        self.wav.setsampwidth(2)
        self.wav.setframerate(RATE)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def listen(self, *sockets):
        self.sockets = list(sockets)

    def run(self):
        while not self.over.is_set():
            for s in select.select([s.s for s in self.sockets], [], [], 0.02)[0]:
                packet = s.recv(65536)
                ssrc = int.from_bytes(packet[8:12], "big")
                self.heard.setdefault(ssrc, []).append(int.from_bytes(packet[2:4], "big"))
                pcm = packet[12:]
                self.wav.writeframes(b"".join(pcm[i + 1:i + 2] + pcm[i:i + 1]
                                              for i in range(0, len(pcm), 2)))

    def last(self, voice):
        return self.heard.get(voice.ssrc, [-1])[-1]

    def goes_on(self, claim, voice, packets=10):
        """Another so many of the voice's packets arrive."""
        enough, end = voice.number + packets, time.monotonic() + PATIENCE_S
        while self.last(voice) < enough and time.monotonic() < end:
            time.sleep(0.01)
        check(claim, self.last(voice) >= enough)

    def longest_gap(self, voice, first=0, last=None):
        """Of packets in a row that were sent, but not heard."""
        got = set(self.heard.get(voice.ssrc, []))
        longest = gap = 0
        for number in range(first, voice.number if last is None else last):
            gap = 0 if number in got else gap + 1
            longest = max(longest, gap)
        return longest

    def close(self):
        self.over.set()
        self.thread.join()
        self.wav.close()
