#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A provider and a PBX of few words, for what other programs do not do. Each word is a mode:

  pbx ADDRESS PROXY PROVIDER USER LOG   registers, then answers every request with 200 and notes its
                                        first line in LOG, until it is killed
  provider ADDRESS SIPROXD              grants one registration, then asks and calls as trunks do;
                                        0 when all was answered as it must be
  ask ADDRESS SIPROXD METHOD URI STATUS  sends one request; 0 when that is the answer
  torture SIPROXD DIRECTORY [NET]       sends each file in it; what names 192.168.1. names NET
"""
import os
import random
import re
import socket
import sys
import time

PATIENCE = 30  # seconds for each answer


def header(message, name):
    found = re.search(r"^%s[ \t]*:[ \t]*(.*?)\r$" % name, message, re.M | re.I)
    return found.group(1) if found else ""


def reply(message, status, tag, extra=""):
    kept = [line for line in message.split("\r\n\r\n")[0].split("\r\n")[1:]
            if re.match(r"(via|from|to|call-id|cseq|record-route)[ \t]*:", line, re.I)]
    lines = [line + (";tag=" + tag if line.lower().startswith("to") and "tag=" not in line else "")
             for line in kept]
    return "SIP/2.0 %s\r\n%s\r\n%sContent-Length: 0\r\n\r\n" % (status, "\r\n".join(lines), extra)


class End:
    def __init__(self, address, proxy):
        self.address, self.proxy, self.calls = address, proxy, 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 5060))
        self.socket.settimeout(0.5)

    def receive(self):
        try:
            data, peer = self.socket.recvfrom(65535)
            return data.decode("utf-8", "replace"), peer
        except socket.timeout:
            return "", None

    def write(self, method, uri, call_id, cseq=1, to_tag="", extra=""):
        return ("%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s:5060;branch=z9hG4bK%x\r\n"
                "From: <sip:far@%s>;tag=%s\r\nTo: <sip:near@%s>%s\r\nCall-ID: %s\r\nCSeq: %d %s\r\n"
                "Contact: <sip:far@%s>\r\n%sContent-Length: 0\r\n\r\n" % (
                    method, uri, self.address, random.getrandbits(60), self.address, call_id,
                    self.address, ";tag=" + to_tag if to_tag else "", call_id, cseq, method,
                    self.address, extra))

    def ask(self, message):
        """Sends it until there is a final answer."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self.socket.sendto(message.encode(), (self.proxy, 5060))
            answer, _ = self.receive()
            while answer:
                if re.match(r"SIP/2.0 [2-6]", answer) and \
                        header(answer, "CSeq") == header(message, "CSeq") and \
                        header(answer, "Call-ID") == header(message, "Call-ID"):
                    return answer
                answer, _ = self.receive()
        return ""

    def expect(self, what, status, method, uri, extra="", call_id=None):
        self.calls += 1
        answer = self.ask(self.write(method, uri, call_id or "%s-%d" % (self.address, self.calls),
                                     extra=extra))
        print("%s: %s" % (what, answer.split("\r\n")[0] or "no answer"), flush=True)
        if not answer.startswith("SIP/2.0 %s" % status):
            sys.exit(1)
        return answer


def pbx(address, proxy, provider, user, log):
    end = End(address, proxy)
    message = end.write("REGISTER", "sip:" + provider, "pbx", extra="Expires: 300\r\n")
    message = re.sub(r"sip:(far|near)@[0-9.]*", "sip:%s@%s" % (user, provider), message)
    message = message.replace("Contact: <sip:%s@%s>" % (user, provider),
                              "Contact: <sip:%s@%s:5060>" % (user, address))
    if not end.ask(message).startswith("SIP/2.0 200"):
        sys.exit(1)
    while True:
        request, peer = end.receive()
        if request and not request.startswith("SIP/2.0"):
            with open(log, "a") as f:
                f.write(request.split("\r\n")[0] + "\n")
            if not request.startswith("ACK "):
                contact = "Contact: <sip:%s@%s>\r\n" % (user, address)
                end.socket.sendto(reply(request, "200 OK", "pbx", contact).encode(), peer)


def provider(address, siproxd):
    end = End(address, siproxd)
    limit = time.monotonic() + PATIENCE
    request, peer = end.receive()
    while not request.startswith("REGISTER "):
        if time.monotonic() > limit:
            sys.exit("nobody registers")
        request, peer = end.receive()
    granted = "Contact: %s;expires=300\r\n" % header(request, "Contact")
    end.socket.sendto(reply(request, "200 OK", "registrar", granted).encode(), peer)
    us = "sip:" + siproxd
    end.expect("OPTIONS to siproxd", 200, "OPTIONS", us)
    end.expect("OPTIONS without a forward", 200, "OPTIONS", us, "Max-Forwards: 0\r\n")
    end.expect("a foreign Route", 200, "MESSAGE", "sip:trunk@" + siproxd,
               "Route: <sip:%s;lr>, <sip:192.0.2.1;lr>\r\n" % siproxd)
    answer = end.expect("a call to a number", 200, "INVITE", "sip:+4930123@" + siproxd,
                        call_id="number")
    tag = re.search(r"tag=([^;\s]*)", header(answer, "To")).group(1)
    target = re.search(r"<([^>]*)>", header(answer, "Contact")).group(1)
    end.socket.sendto(end.write("ACK", target, "number", to_tag=tag).encode(), (siproxd, 5060))
    answer = end.ask(end.write("BYE", target, "number", 2, tag))
    print("BYE: %s" % answer.split("\r\n")[0])
    sys.exit(not answer.startswith("SIP/2.0 200"))


def torture(siproxd, directory, net="192.168.1."):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for name in sorted(os.listdir(directory)):
        with open(os.path.join(directory, name), "rb") as f:
            s.sendto(f.read().replace(b"192.168.1.", net.encode()), (siproxd, 5060))
        time.sleep(0.005)


def main(mode, *args):
    if mode == "pbx":
        pbx(*args)
    elif mode == "provider":
        provider(*args)
    elif mode == "torture":
        torture(*args)
    else:
        address, siproxd, method, uri, status = args
        End(address, siproxd).expect(method + " " + uri, status, method, uri)


main(*sys.argv[1:])
