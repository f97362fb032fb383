#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Many calls at once, both ends played by this program, each by RFC 3261 with its retransmissions.

  calls.py [OPTION...] LAN_HOST=ADDRESS WAN_HOST=ADDRESS[,ADDRESS...] PROXY_LAN PROXY_WAN

HOST is a network namespace. LAN_HOST has a phone, registered as "phone" with the WAN_HOST's first
address, which is its registrar and the other end of its calls. What a call is like is drawn by
--seed from KINDS below (or from --kinds A,B). A call must come to an end that its kind allows, at
both of its ends, within --patience seconds. Prints a line for each kind, "FAILED" with what went
wrong in the first few calls that did, and ends with 1 if there was one.

  --count N  --rate N (calls a second)  --open N (at a time, at the most)  --seed N
  --kinds A,B  --patience SECONDS  --list
"""
import collections
import ctypes
import getopt
import heapq
import os
import random
import re
import select
import socket
import sys
import time

T1, T2 = 0.5, 4.0       # RFC 3261 17.1.1.1
GIVE_UP = 64 * T1

# kind: (weight, the ends it may come to). "ended" is an answered call with a BYE, a number is the
# status that refused it, "gone" means that both ends vanished without a word.
ENDED, GONE = "ended", "gone"
KINDS = {
    "caller_hangs_up": (10, {ENDED}),
    "callee_hangs_up": (10, {ENDED}),
    "both_hang_up": (4, {ENDED}),
    "no_offer": (4, {ENDED}),               # the offer comes in the 200, the answer in the ACK
    "early_media": (4, {ENDED}),            # 183 with a description, 200 with another
    "forked": (4, {ENDED}),                 # early dialogs of three phones, one answers
    "hold": (5, {ENDED}),
    "reinvite_refused": (5, {ENDED}),
    "busy": (6, {486}),
    "declined": (3, {603}),
    "unknown": (3, {404}),
    "cancelled": (8, {487}),
    "cancelled_at_once": (3, {487}),
    "cancel_crosses_answer": (6, {487, ENDED}),
    "bad_offer": (4, {400, 480, 488, 500, 606, ENDED}),
    "bad_answer": (4, {ENDED, 400, 480, 488, 500, 502, 606}),
    # these take their time
    "nobody_there": (3, {408}),             # not even a 100
    "cancel_unheard": (3, {408, 487}),      # it rings, and then its plug is pulled
    "no_ack": (3, {ENDED}),
    "silence": (4, {ENDED}),                # siproxd hangs up
    # and here nobody is left to answer; unless we are so slow that siproxd hangs up before
    "killed": (3, {GONE, ENDED}),
}
SLOW = {"nobody_there", "cancel_unheard", "no_ack", "silence", "killed"}

CANCELLED = {"cancelled", "cancel_unheard", "cancel_crosses_answer"}

BAD_SDP = [
    "v=0\r\nm=audio\r\n",
    "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio 99999999 RTP/AVP 0\r\n",
    "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 300.1.2.3\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n",
    "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n",
    "this is no description\r\n",
    "\0\1\2\3\r\n\r\n",
]


class Timers:
    def __init__(self):
        self.heap, self.number = [], 0

    def at(self, delay, function, *arguments):
        self.number += 1
        heapq.heappush(self.heap, (time.monotonic() + delay, self.number, function, arguments))

    def run(self):
        """Runs what is due; says how long nothing will be."""
        while self.heap:
            wait = self.heap[0][0] - time.monotonic()
            if wait > 0:
                return min(wait, 0.2)
            _, _, function, arguments = heapq.heappop(self.heap)
            function(*arguments)
        return 0.2


class Message:
    def __init__(self, data):
        head, _, self.body = data.decode("latin1").partition("\r\n\r\n")
        lines = head.split("\r\n")
        self.first = lines[0].split(" ", 2)
        self.headers = collections.defaultdict(list)
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers[name.strip().lower()].append(value.strip())
        self.is_request = self.first[0] != "SIP/2.0"
        self.status = 0 if self.is_request else int(self.first[1])
        self.call_id = self.one("call-id")
        self.cseq, self.method = self.one("cseq").split()
        self.branch = (re.search(r"branch=([^;,]*)", self.one("via")) or [None, ""])[1]

    def one(self, name):
        return (self.headers.get(name) or [""])[0]

    def tag(self, name):
        found = re.search(r";tag=([^;>]*)", self.one(name))
        return found[1] if found else ""

    def uri(self):
        found = re.search(r"<([^>]*)>", self.one("contact"))
        return found[1] if found else ""

    def routes(self):
        return [r.strip() for value in self.headers.get("record-route", []) for r in value.split(",")]


class End:
    """One end of a call: a user agent with one dialog."""

    def __init__(self, call, name, sock, ip, peer_ip, proxy):
        self.call, self.name, self.sock, self.ip, self.proxy = call, name, sock, ip, proxy
        self.world, self.kind = call.world, call.kind
        self.tag = "%s%x" % (name, self.world.random.getrandbits(40))
        self.cseq, self.version = 1, 0
        self.asked = {}         # branch: what we asked and wait for
        self.answered = {}      # (branch, method): what we answered, to be repeated
        self.unacked = {}       # CSeq: the answer to INVITE that waits for its ACK
        self.local = self.remote = self.target = ""
        self.routes = []
        self.outcome = None
        self.deaf = self.begun = False

    # --- sending

    def transmit(self, data):
        if not self.deaf:
            try:
                self.sock.sendto(data, self.proxy)
            except OSError:
                pass            # lost, like any datagram

    def sdp(self, direction="sendrecv"):
        self.version += 1
        port = 10000 + 2 * (self.call.number % 20000)
        return ("v=0\r\no=- 1 %d IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio %d RTP/AVP 0\r\n"
                "a=%s\r\n" % (self.version, self.ip, self.ip, port, direction))

    def message(self, first, via, cseq, extra, body, local=None, remote=None):
        return ("%s\r\n%sFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s\r\n"
                "Contact: <sip:%s@%s:5060>\r\n%s%sContent-Length: %d\r\n\r\n%s" % (
                    first, via, local, remote, self.call.id, cseq, self.call.user(self), self.ip, extra,
                    "Content-Type: application/sdp\r\n" if body else "", len(body), body)).encode("latin1")

    def request(self, method, body="", cseq=None, branch=None):
        if cseq is None:
            self.cseq += 1
            cseq = self.cseq
        branch = branch or "z9hG4bK%x" % self.world.random.getrandbits(60)
        extra = "Max-Forwards: 70\r\n" + "".join("Route: %s\r\n" % r for r in self.routes)
        data = self.message("%s %s SIP/2.0" % (method, self.target),
                            "Via: SIP/2.0/UDP %s:5060;branch=%s;rport\r\n" % (self.ip, branch),
                            "%d %s" % (cseq, method), extra, body, self.local, self.remote)
        self.transmit(data)
        if method != "ACK":
            self.asked[branch, method] = {"data": data, "method": method, "cseq": cseq, "branch": branch,
                                          "answered": False}
            self.world.timers.at(T1, self.repeat_request, (branch, method), T1, T1)
        return branch

    def repeat_request(self, key, interval, waited):
        asked = self.asked.get(key)
        if not asked or self.deaf:
            return
        if asked["method"] != "INVITE" and waited >= GIVE_UP or waited >= GIVE_UP and not asked["answered"]:
            del self.asked[key]
            self.final(asked, 408, None)
            return
        if asked["method"] == "INVITE" and asked["answered"]:
            return              # a provisional answer: from now on we wait
        self.transmit(asked["data"])
        interval = interval * 2 if asked["method"] == "INVITE" else min(interval * 2, T2)
        self.world.timers.at(interval, self.repeat_request, key, interval, waited + interval)

    def respond(self, req, status, body="", tag=None, keep=True):
        to = req.one("to")
        if ";tag=" not in to:
            to += ";tag=" + (tag or self.tag)
        extra = "".join("Record-Route: %s\r\n" % r for r in req.headers.get("record-route", []))
        data = self.message("SIP/2.0 %d Whatever" % status,
                            "".join("Via: %s\r\n" % v for v in req.headers["via"]),
                            req.one("cseq"), extra, body, req.one("from"), to)
        self.transmit(data)
        if keep:
            self.answered[req.branch, req.method] = data
        if req.method == "INVITE" and status >= 200:
            self.unacked[req.cseq] = data
            self.world.timers.at(T1, self.repeat_answer, req.cseq, T1, T1)

    def repeat_answer(self, cseq, interval, waited):
        if cseq not in self.unacked or self.deaf:
            return
        if waited >= GIVE_UP:
            del self.unacked[cseq]
            if self.target and self.outcome is None:
                self.request("BYE")     # 13.3.1.4
            return
        self.transmit(self.unacked[cseq])
        interval = min(interval * 2, T2)
        self.world.timers.at(interval, self.repeat_answer, cseq, interval, waited + interval)

    def end(self, outcome):
        if self.outcome is None:
            self.outcome = outcome
            self.unacked.clear()
            self.call.end_done()

    def vanish(self):
        self.deaf = True
        self.asked.clear()
        self.unacked.clear()
        self.end(GONE)

    def hang_up(self):
        if self.outcome is None and not any(a["method"] == "BYE" for a in self.asked.values()):
            self.request("BYE")

    # --- receiving

    def receive(self, msg):
        if self.deaf:
            return
        if msg.is_request:
            self.received_request(msg)
        else:
            self.received_response(msg)

    def received_response(self, msg):
        asked = self.asked.get((msg.branch, msg.method))
        if msg.method == "INVITE" and 200 <= msg.status < 300 and self.acks(msg):
            return
        if not asked:
            return
        asked["answered"] = True
        if msg.status < 200:
            self.provisional(asked, msg)
            return
        del self.asked[msg.branch, msg.method]
        if msg.method == "INVITE" and msg.status >= 300:
            self.ack_failure(asked, msg)
        self.final(asked, msg.status, msg)

    def acks(self, msg):
        """A 2xx that was here before: only its ACK again."""
        ack = self.answered.get(("ack", msg.cseq))
        if not ack:
            return False
        self.transmit(ack)
        return True

    def ack_failure(self, asked, msg):
        target = asked["data"].split(b" ")[1].decode("latin1")
        self.transmit(self.message(
            "ACK %s SIP/2.0" % target,
            "Via: SIP/2.0/UDP %s:5060;branch=%s;rport\r\n" % (self.ip, asked["branch"]),
            "%d ACK" % asked["cseq"], "Max-Forwards: 70\r\n", "", self.local, msg.one("to")))

    def ack(self, asked, body=""):
        routes = "".join("Route: %s\r\n" % r for r in self.routes)
        data = self.message(
            "ACK %s SIP/2.0" % self.target,
            "Via: SIP/2.0/UDP %s:5060;branch=z9hG4bK%x;rport\r\n" % (
                self.ip, self.world.random.getrandbits(60)),
            "%d ACK" % asked["cseq"], "Max-Forwards: 70\r\n" + routes, body, self.local, self.remote)
        self.answered["ack", str(asked["cseq"])] = data
        self.transmit(data)

    def received_request(self, msg):
        if msg.method == "ACK":
            self.unacked.pop(msg.cseq, None)
            self.acked()
            return
        if (msg.branch, msg.method) in self.answered:
            data = self.answered[msg.branch, msg.method]
            if data and not (msg.method == "INVITE" and msg.cseq in self.unacked):
                self.transmit(data)
            return
        self.answered[msg.branch, msg.method] = None
        if msg.method == "BYE":
            self.respond(msg, 200)
            self.end(ENDED)
        elif msg.method == "INVITE":
            self.invited(msg)
        elif msg.method == "CANCEL":
            self.cancelled(msg)
        else:
            self.respond(msg, 501)

    # --- what the roles do otherwise

    def provisional(self, asked, msg):
        pass

    def acked(self):
        pass

    def cancelled(self, msg):
        self.respond(msg, 481)

    def invited(self, msg):
        """A re-INVITE, in both roles."""
        if self.kind == "reinvite_refused":
            self.respond(msg, self.world.random.choice((488, 491)))
        else:
            self.respond(msg, 200, self.sdp())

    def final(self, asked, status, msg):
        if asked["method"] == "BYE":
            self.end(ENDED)
        elif asked["method"] == "INVITE":
            self.reinvited(asked, status, msg)

    def reinvited(self, asked, status, msg):
        if status < 300:
            self.ack(asked)
        if self.call.reinvites and status < 300:
            self.call.reinvites -= 1
            self.request("INVITE", self.sdp())
        else:
            self.world.timers.at(self.world.pause(), self.hang_up)


class Caller(End):
    def start(self, target, local, remote):
        self.begun = True
        self.target, self.local, self.remote = target, local + ";tag=" + self.tag, remote
        body = self.sdp()
        if self.kind == "no_offer":
            body = ""
        elif self.kind == "bad_offer":
            body = self.world.random.choice(BAD_SDP).format(ip=self.ip)
        self.invite = self.request("INVITE", body, cseq=1)
        self.cancel_sent = False
        if self.kind == "cancelled_at_once":
            self.want_cancel()
        elif self.kind in CANCELLED:    # whether or not the ringing is heard
            self.world.timers.at(2, self.want_cancel)

    def want_cancel(self):
        """RFC 3261 9.1: not before a provisional answer"""
        asked = self.asked.get((self.invite, "INVITE"))
        if asked and asked["answered"] and not self.cancel_sent:
            self.cancel_sent = True
            self.request("CANCEL", cseq=1, branch=self.invite)
        elif asked and not self.cancel_sent:
            self.world.timers.at(0.05, self.want_cancel)

    def provisional(self, asked, msg):
        if asked["method"] != "INVITE" or msg.status == 100:
            return
        if self.kind in CANCELLED:
            self.want_cancel()

    def final(self, asked, status, msg):
        if asked["method"] != "INVITE" or asked["cseq"] != 1:
            super().final(asked, status, msg)
        elif status >= 300:
            self.end(status)
        else:
            self.answered_by(asked, msg)

    def answered_by(self, asked, msg):
        self.target, self.remote = msg.uri(), msg.one("to")
        self.routes = msg.routes()[::-1]
        if self.kind == "no_ack":
            self.answered["ack", "1"] = b"\r\n\r\n"     # never, not even again
            return
        self.ack(asked, self.sdp() if self.kind == "no_offer" else "")
        self.world.timers.at(self.world.pause(), self.talked)

    def talked(self):
        if self.kind in ("hold", "reinvite_refused"):
            self.call.reinvites = 1 if self.kind == "hold" else 0
            self.request("INVITE", self.sdp("sendonly" if self.kind == "hold" else "sendrecv"))
        elif self.kind == "killed":
            self.vanish()
            self.call.callee.vanish()
        elif self.kind == "both_hang_up":
            self.hang_up()
            self.call.callee.hang_up()
        elif self.kind not in ("callee_hangs_up", "silence"):
            self.hang_up()


class Callee(End):
    refused = False

    def invited(self, msg):
        if self.begun:
            super().invited(msg)
            return
        self.begun = True
        if self.kind == "nobody_there":
            self.deaf = True
            self.end(GONE)
            return
        self.invite = msg
        self.local, self.remote = msg.one("to") + ";tag=" + self.tag, msg.one("from")
        self.target, self.routes = msg.uri(), msg.routes()
        refuse = {"busy": 486, "declined": 603, "unknown": 404}.get(self.kind)
        if refuse:
            self.refuse(refuse)
            return
        self.ring(msg)
        if self.kind == "cancel_unheard":
            self.deaf = True
            self.end(GONE)
        elif self.kind not in ("cancelled", "cancelled_at_once"):
            crossing = self.kind == "cancel_crosses_answer"
            pause = self.world.random.random() * 0.01 if crossing else self.world.pause() / 2
            self.world.timers.at(pause, self.answer)

    def ring(self, msg):
        if self.kind == "early_media":
            self.respond(msg, 183, self.sdp())
            self.version += 1
        elif self.kind == "forked":
            for tag in "one", "two":
                self.respond(msg, 183, self.sdp(), tag=tag, keep=False)
        self.respond(msg, 180)

    def refuse(self, status):
        self.respond(self.invite, status)
        self.refused = True

    def answer(self):
        if self.outcome is not None or self.refused:
            return
        body = self.sdp()
        if self.kind == "bad_answer":
            body = self.world.random.choice(BAD_SDP).format(ip=self.ip)
        self.respond(self.invite, 200, body)

    def acked(self):
        if self.refused:
            self.end(GONE)
        elif self.kind == "callee_hangs_up":
            self.world.timers.at(self.world.pause(), self.hang_up)

    def repeat_answer(self, cseq, interval, waited):
        super().repeat_answer(cseq, interval, waited)
        if self.refused and waited >= GIVE_UP:
            self.end(GONE)      # nobody acknowledged the failure: 17.2.1

    def cancelled(self, msg):
        self.respond(msg, 200)
        if not self.begun or self.refused or self.outcome is not None:
            return
        if not self.was_answered():
            self.refuse(487)

    def was_answered(self):
        data = self.answered.get((self.invite.branch, "INVITE"))
        return bool(data) and data.startswith(b"SIP/2.0 2")


class Call:
    def __init__(self, world, number, kind):
        self.world, self.number, self.kind = world, number, kind
        self.id = "%s-%d-%x" % (kind, number, world.random.getrandbits(32))
        self.outward = world.random.random() < 0.5
        self.reinvites = 0
        wan = world.wan[number % len(world.wan)]
        lan_side = (world.lan[0], world.lan[1], wan[1], (world.proxy_lan, 5060))
        wan_side = (wan[0], wan[1], world.lan[1], (world.proxy_wan, 5060))
        self.caller = Caller(self, "a", *(lan_side if self.outward else wan_side))
        self.callee = Callee(self, "b", *(wan_side if self.outward else lan_side))
        self.over = False

    def user(self, end):
        return "phone" if end.ip == self.world.lan[1] else "peer"

    def start(self):
        home = self.world.wan[0][1]
        peer = self.world.wan[self.number % len(self.world.wan)][1]
        phone, other = "<sip:phone@%s>" % home, "<sip:peer@%s>" % peer
        if self.outward:
            self.caller.start("sip:peer@%s:5060" % peer, phone, other)
        else:
            self.caller.start(self.world.phone_uri, other, phone)
        self.world.timers.at(self.world.patience, self.stuck)

    def end_done(self):
        if self.over or self.caller.outcome is None:
            return
        if self.callee.begun and self.callee.outcome is None:
            return
        self.over = True
        self.world.call_over(self, self.caller.outcome)

    def stuck(self):
        if not self.over:
            self.over = True
            self.world.call_over(self, "stuck (caller %s, callee %s)" % (
                self.caller.outcome, self.callee.outcome if self.callee.begun else "not reached"))


class World:
    def __init__(self, options, lan, wans, proxy_lan, proxy_wan):
        self.random = random.Random(int(options.get("--seed", 1)))
        self.count = int(options.get("--count", 100))
        self.rate = float(options.get("--rate", 50))
        self.most_open = int(options.get("--open", 1000))
        self.patience = float(options.get("--patience", 150))
        self.kinds = options["--kinds"].split(",") if "--kinds" in options else list(KINDS)
        self.timers = Timers()
        self.lan, self.wan = lan, wans
        self.proxy_lan, self.proxy_wan = proxy_lan, proxy_wan
        self.phone_uri = None
        self.calls, self.open = {}, 0
        self.ends = collections.defaultdict(collections.Counter)
        self.faults = []
        self.begun = 0
        self.start_time = None

    def pause(self):
        return 0.02 + self.random.random() * 0.3

    def choose(self):
        """No slow kinds towards the end, which would wait for them."""
        kinds = self.kinds
        if self.begun > max(self.count / 2, self.count - GIVE_UP * self.rate):
            kinds = [k for k in kinds if k not in SLOW] or kinds
        return self.random.choices(kinds, [KINDS[k][0] for k in kinds])[0]

    def begin_calls(self):
        if self.start_time is None:
            self.start_time = time.monotonic()
        due = (time.monotonic() - self.start_time) * self.rate
        while self.begun < self.count and self.begun < due and self.open < self.most_open:
            call = Call(self, self.begun, self.choose())
            self.calls[call.id] = call
            self.begun += 1
            self.open += 1
            call.start()

    def call_over(self, call, outcome):
        self.open -= 1
        self.ends[call.kind][str(outcome)] += 1
        if outcome not in KINDS[call.kind][1]:
            self.faults.append("%s %s: %s" % (call.id, "out" if call.outward else "in", outcome))
        # late messages still find it for a while
        self.timers.at(2 * GIVE_UP, self.calls.pop, call.id, None)

    def register(self):
        """As the phone, until the binding is there; the registrar is this program, too."""
        cseq = int(time.time()) % 100000
        data = ("REGISTER sip:%s SIP/2.0\r\nVia: SIP/2.0/UDP %s:5060;branch=z9hG4bKr%d;rport\r\n"
                "Max-Forwards: 70\r\nFrom: <sip:phone@%s>;tag=r\r\nTo: <sip:phone@%s>\r\n"
                "Call-ID: register\r\nCSeq: %d REGISTER\r\nContact: <sip:phone@%s:5060>\r\n"
                "Expires: 36000\r\nContent-Length: 0\r\n\r\n" % (
                    self.wan[0][1], self.lan[1], cseq, self.wan[0][1], self.wan[0][1], cseq,
                    self.lan[1])).encode()
        self.registered = False
        for _ in range(60):
            self.lan[0].sendto(data, (self.proxy_lan, 5060))
            end = time.monotonic() + T1
            while time.monotonic() < end and not self.registered:
                self.turn(0.05)
            if self.registered:
                return
        sys.exit("the phone is not registered")

    def registrar(self, msg, sock, sender):
        self.phone_uri = msg.uri()
        sock.sendto(("SIP/2.0 200 OK\r\n%sFrom: %s\r\nTo: %s;tag=r\r\nCall-ID: %s\r\nCSeq: %s\r\n"
                     "Contact: %s;expires=36000\r\nContent-Length: 0\r\n\r\n" % (
                         "".join("Via: %s\r\n" % v for v in msg.headers["via"]), msg.one("from"),
                         msg.one("to"), msg.call_id, msg.one("cseq"), msg.one("contact"))).encode(), sender)

    def receive(self, data, sock, sender):
        msg = Message(data)
        if msg.method == "REGISTER":
            if msg.is_request:
                self.registrar(msg, sock, sender)
            elif msg.status == 200:
                self.registered = True
            return
        call = self.calls.get(msg.call_id)
        if call:
            (call.caller if call.caller.sock is sock else call.callee).receive(msg)
        elif msg.is_request and msg.method != "ACK":
            self.stray(msg, sock, sender)

    def stray(self, msg, sock, sender):
        sock.sendto(("SIP/2.0 481 Unknown\r\n%sFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s\r\n"
                     "Content-Length: 0\r\n\r\n" % (
                         "".join("Via: %s\r\n" % v for v in msg.headers["via"]), msg.one("from"),
                         msg.one("to"), msg.call_id, msg.one("cseq"))).encode("latin1"), sender)

    def turn(self, wait):
        socks = [self.lan[0]] + [w[0] for w in self.wan]
        for sock in select.select(socks, [], [], wait)[0]:
            for _ in range(50):
                try:
                    data, sender = sock.recvfrom(65536)
                except BlockingIOError:
                    break
                if data.strip():
                    self.receive(data, sock, sender)

    def run(self):
        self.register()
        while self.begun < self.count or self.open:
            self.begin_calls()
            wait = self.timers.run()
            self.turn(min(wait, 1 / self.rate) if self.begun < self.count else wait)
        for kind in sorted(self.ends):
            print("%s: %s" % (kind, ", ".join("%s %d" % e for e in sorted(self.ends[kind].items()))))
        for fault in self.faults[:20]:
            print("FAILED", fault)
        print("%d calls, %d came to an end that they should not, %.0f s" % (
            self.count, len(self.faults), time.monotonic() - self.start_time))
        return 1 if self.faults else 0


def sockets(text):
    host, addresses = text.split("=")
    libc = ctypes.CDLL(None, use_errno=True)
    fd = os.open("/run/netns/" + host, os.O_RDONLY)
    if libc.setns(fd, 0x40000000) != 0:
        sys.exit("no host " + host)
    os.close(fd)
    out = []
    for address in addresses.split(","):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, 33, 4 << 20)    # SO_RCVBUFFORCE
        s.setblocking(False)
        s.bind((address, 5060))
        out.append((s, address))
    return out


def main():
    options, words = getopt.getopt(sys.argv[1:], "", ["count=", "rate=", "open=", "seed=", "kinds=",
                                                     "patience=", "list"])
    options = dict(options)
    if "--list" in options:
        print("\n".join(KINDS))
        return 0
    if len(words) != 4:
        sys.exit(__doc__)
    return World(options, sockets(words[0])[0], sockets(words[1]), words[2], words[3]).run()


if __name__ == "__main__":
    sys.exit(main())
