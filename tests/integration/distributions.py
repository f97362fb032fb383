#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A call with each configuration that is named: see distributions.test.

usage: distributions.py SIPROXD FOLDER CONFIG...

Whatever a file says about where it runs is made true: its interfaces and their addresses, networks
that may register, a provider that may send, an outbound proxy, names that resolve, passwords.
"""
import hashlib
import ipaddress
import os
import shutil
import signal
import struct
import subprocess

from ends import *

PUBLIC = "198.51.100.1"  # what host_outbound means
FAR = ("203.0.113.20", "192.0.2.20", "198.51.100.20")
PASSWORD = "secret"


def run(*args):
    return subprocess.run(args, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          universal_newlines=True).stdout


def address(text):
    """None: it is a name."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def network_of(ip):
    return ipaddress.ip_network("%s/24" % ip, strict=False)


class Config:
    """The values in effect, as --dump-config prints them."""

    def __init__(self, siproxd, path):
        self.values = {}
        for line in run(siproxd, "-c", path, "--dump-config").splitlines():
            if not line.startswith("#"):
                name, _, value = line.partition(" = ")
                self.values.setdefault(name, []).append(value.strip('"'))

    def all(self, name):
        return ", ".join(self.values.get(name, [])).split(", ") if name in self.values else []

    def one(self, name):
        return self.all(name)[0] if name in self.values else None

    def networks(self, name):
        nets = [ipaddress.ip_network(n) for n in self.all(name)]
        return [n for n in nets if n.version == 4]


class Plan:
    """Who has which address, so that the file is right."""

    def __init__(self, c):
        inbound, outbound = c.all("if_inbound"), c.one("if_outbound") or "wan0"
        # A Linux kernel has no interface called like an address: there the address tells.
        self.inside = "lan0" if not inbound or address(inbound[0]) else inbound[0]
        self.outside = "wan0" if address(outbound) else outbound
        self.single = self.inside == self.outside
        self.others = inbound[1:]
        self.box_in, self.phone = self.plan_inside(c, inbound)
        self.far = self.plan_far(c, outbound)
        self.box_out = self.box_in if self.single else \
            outbound if address(outbound) else str(network_of(self.far)[2])
        self.public = PUBLIC if c.one("host_outbound") else self.box_out
        self.port = int(c.one("sip_listen_port"))

    @staticmethod
    def plan_inside(c, inbound):
        allowed = c.networks("hosts_allow_reg")
        if inbound and address(inbound[0]):
            box = inbound[0]
        elif allowed:
            box = str(allowed[0][1])
        else:
            box = "192.168.1.1"
        return box, str(network_of(box)[11])

    @staticmethod
    def plan_far(c, outbound):
        proxy, allowed = c.one("outbound_proxy_host"), c.networks("hosts_allow_sip")
        if proxy and address(proxy):
            return proxy
        if allowed:
            return str(allowed[0][20])
        if address(outbound):
            return str(network_of(outbound)[20])
        denied = c.networks("hosts_deny_sip")
        return next(f for f in FAR if not any(ipaddress.ip_address(f) in d for d in denied))


# --- the world -------------------------------------------------------------------------------

def cable(one, name, other):
    run("ip", "link", "add", name, "netns", one, "type", "veth", "peer", "name", "eth0",
        "netns", other)


def switch(hosts):
    """One network for all of them."""
    run("ip", "netns", "add", "switch")
    run("ip", "-n", "switch", "link", "add", "lan", "type", "bridge", "forward_delay", "0")
    run("ip", "-n", "switch", "link", "set", "lan", "up")
    for host, name in hosts:
        run("ip", "link", "add", name, "netns", host, "type", "veth", "peer", "name",
            "to-" + host, "netns", "switch")
        run("ip", "-n", "switch", "link", "set", "to-" + host, "master", "lan", "up")


def interface(host, name, ip, *more):
    run("ip", "-n", host, "addr", "add", "%s/24" % ip, "dev", name)
    run("ip", "-n", host, "link", "set", name, "up")


def build(p):
    for host in ("fw", "alice", "carol"):
        run("ip", "netns", "add", host)
        run("ip", "-n", host, "link", "set", "lo", "up")
    if p.single:
        switch((("fw", p.inside), ("alice", "eth0"), ("carol", "eth0")))
    else:
        cable("fw", p.inside, "alice")
        cable("fw", p.outside, "carol")
        interface("fw", p.outside, p.box_out)
    interface("fw", p.inside, p.box_in)
    interface("alice", "eth0", p.phone)
    interface("carol", "eth0", p.far)
    for host, name in (("fw", p.outside), ("alice", "eth0"), ("carol", "eth0")):
        run("ip", "-n", host, "route", "add", "default", "dev", name)
    for other in p.others:
        if address(other):
            run("ip", "-n", "fw", "addr", "add", other + "/64", "dev", p.inside, "nodad")
        else:
            run("ip", "-n", "fw", "link", "add", other, "type", "bridge")
            run("ip", "-n", "fw", "link", "set", other, "up")
    if p.public != p.box_out:
        router_in_front(p)


def router_in_front(p):
    """For the far end the public address leads to the box, as the router's rule has it."""
    rules = "table ip router { chain out { type nat hook output priority -100; " \
            "ip daddr %s dnat to %s; }; }" % (p.public, p.box_out)
    run("ip", "netns", "exec", "carol", "nft", rules)


def tear_down():
    for host in run("ip", "netns", "list").split("\n"):
        if host:
            run("ip", "netns", "del", host.split()[0])


class Names(threading.Thread):
    """The name server: every name has that address, and nothing else."""

    def __init__(self, host, ip, addresses, other):
        super().__init__(daemon=True)
        self.s, self.addresses, self.other = socket_on(host, ip, 53), addresses, other
        with open("/etc/resolv.conf", "w") as f:
            f.write("nameserver %s\n" % ip)
        self.start()

    def run(self):
        while True:
            query, source = self.s.recvfrom(4096)
            if not query:  # it was shut down
                return
            self.s.sendto(self.answer(query), source)

    def answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode("latin1"))
            at += 1 + query[at]
        kind = struct.unpack(">H", query[at + 1:at + 3])[0]
        ip = self.addresses.get(".".join(labels).lower(), self.other)
        record = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4" + socket.inet_aton(ip) if kind == 1 else b""
        return query[:2] + b"\x85\x80\0\1" + struct.pack(">H", bool(record)) + b"\0\0\0\0" + \
            query[12:at + 5] + record

    def close(self):
        try:
            self.s.shutdown(socket.SHUT_RDWR)
        except OSError:  # it is not connected to anybody, but the thread wakes up
            pass
        self.join()
        self.s.close()


# --- siproxd ---------------------------------------------------------------------------------

def make_room(c):
    """The folders that a system has; the innermost one siproxd makes itself."""
    run("mount", "-t", "tmpfs", "lab", "/var")
    os.makedirs("/var/lib")
    os.makedirs("/var/tmp")
    os.symlink("/run", "/var/run")
    jail = c.one("chrootjail")
    if jail:
        os.makedirs(jail, exist_ok=True)
        shutil.chown(jail, c.one("user"))
        # for the leak check, which looks at the threads
        os.makedirs(jail + "/proc", exist_ok=True)
        run("mount", "-t", "proc", "proc", jail + "/proc")
    for name in ("registration_file", "pid_file"):
        path = c.one(name)
        if path and path.startswith("/"):
            os.makedirs(os.path.dirname(os.path.dirname(path)), exist_ok=True)
    passwords = c.one("proxy_auth_pwfile")
    if passwords:
        with open(passwords, "w") as f:
            f.write("# the phones\nalice %s\n" % PASSWORD)


def clear(c):
    if c.one("chrootjail"):
        run("umount", c.one("chrootjail") + "/proc")
    run("umount", "/var")
    shutil.rmtree("/run/siproxd", ignore_errors=True)


def file_of(c, name):
    """Where it lies, as seen from outside of the jail."""
    path = c.one(name)
    return path and os.path.join(c.one("chrootjail") or "/", path)


def holds(path, text):
    try:
        with open(path) as f:
            return text in f.read()
    except FileNotFoundError:
        return False


def pids():
    return [int(p) for p in run("ip", "netns", "pids", "fw").split()]


class Daemon:
    def __init__(self, siproxd, path, log, background):
        self.log = log
        with open(log, "w") as out:
            self.child = subprocess.Popen(["ip", "netns", "exec", "fw", siproxd, "-c", path],
                                          stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        if background:
            check("... comes up in the background", self.child.wait() == 0, self.said())
        else:
            wait_until(lambda: "is ready" in self.said() or self.child.poll() is not None)
            check("... comes up in the foreground", self.child.poll() is None, self.said())

    def said(self):
        with open(self.log) as f:
            return f.read()

    def stop(self):
        for pid in pids():
            os.kill(pid, signal.SIGTERM)
        wait_until(lambda: self.child.poll() is not None and not pids())
        check("... and ends", self.child.poll() == 0 and not pids(), self.said())


def wait_until(true):
    end = time.monotonic() + PATIENCE_S
    while not true() and time.monotonic() < end:
        time.sleep(0.02)


# --- the call --------------------------------------------------------------------------------

def md5(*parts):
    return hashlib.md5(":".join(parts).encode()).hexdigest()


def credentials(challenge, method, uri, password):
    ask = dict(re.findall(r'(\w+)="?([^",]*)', challenge))
    user, nc, cnonce = "alice", "00000001", "c0ffee"
    ha1, ha2 = md5(user, ask["realm"], password), md5(method, uri)
    answer = md5(ha1, ask["nonce"], nc, cnonce, "auth", ha2) if "qop" in ask else \
        md5(ha1, ask["nonce"], ha2)
    out = 'Digest username="%s", realm="%s", nonce="%s", uri="%s", algorithm=MD5, response="%s"' % (
        user, ask["realm"], ask["nonce"], uri, answer)
    if "qop" in ask:
        out += ', qop=auth, nc=%s, cnonce="%s"' % (nc, cnonce)
    if "opaque" in ask:
        out += ', opaque="%s"' % ask["opaque"]
    return out


def tries(d, done):
    """As phones do, which siproxd cannot serve before it has heard of its public name."""
    d.request("REGISTER", headers=["Expires: 600"])
    end = time.monotonic() + 1
    while not done() and time.monotonic() < end:
        time.sleep(0.02)
    return done()


def register(alice, carol, password):
    """With the provider, through siproxd; returns how the phone is reached by it."""
    d = Dialog(alice, "sip:alice@" + carol.ip, "sip:" + carol.ip)
    d.remote = d.local
    wait_until(lambda: tries(d, lambda: alice.got("407 REGISTER") or carol.got("REGISTER")))
    if alice.got("407 REGISTER"):
        challenge = alice.expect("407 REGISTER")["Proxy-Authenticate"]
        proof = credentials(challenge, "REGISTER", d.target, password)
        d.request("REGISTER", headers=["Expires: 600", "Proxy-Authorization: " + proof])
    asked = carol.expect("REGISTER")
    provider = Dialog(carol, d.target, d.target, d.call_id)
    provider.answer(asked, "200 OK", headers=["Contact: %s;expires=600" % c
                                              for c in asked.all("Contact")])
    # what the answer's own Contact says does no harm: siproxd looks for its own
    alice.expect("200 REGISTER")
    return asked.uri("Contact")


def call(claim, caller, callee, called, media):
    callee.called = called
    c = Call(caller, callee)
    (near, here), (far, there) = media[caller], media[callee]
    c.establish(describe(caller.ip, "m=audio %d RTP/AVP 8" % here),
                describe(callee.ip, "m=audio %d RTP/AVP 8" % there))
    a, b = c.told[c.a].media[0].rtp, c.told[c.b].media[0].rtp
    check(claim, arrives(near, a, far) and arrives(far, b, near) and arrives(near, a, far),
          "told %s and %s" % (a, b))
    c.hang_up()


def first_line(host, ip, to):
    """None: the connection is closed."""
    s = socket_on(host, ip, 0, socket.SOCK_STREAM)
    s.settimeout(PATIENCE_S)
    with s:
        try:
            s.connect(to)
            return s.makefile().readline() or None
        except ConnectionError:
            return None


def check_debug_port(p, port):
    check("... the log can be read from inside", "reads the log" in
          (first_line("alice", p.phone, (p.box_in, port)) or ""))
    check("... and from outside not", not first_line("carol", p.far, (p.box_out, port)))


def play(p, password):
    alice = End("alice", p.phone, (p.box_in, p.port))
    carol = End("carol", p.far, None)
    contact = register(alice, carol, password)
    check("... a phone registers", p.public in contact, contact)
    media = {alice: (alice.media(30000), 30000), carol: (carol.media(40000), 40000)}
    call("... calls, and both hear", alice, carol, "sip:15551234567@" + p.far, media)
    carol.via = (p.public, p.port)
    call("... is called, and both hear", carol, alice, contact, media)
    for end in (alice, carol):
        end.sip.close()
        media[end][0].close()


def check_files(config):
    """What GUIs and start scripts read."""
    if config.one("pid_file"):
        pid = file_of(config, "pid_file")
        check("... its pid file names it", any(holds(pid, "%d\n" % p) for p in pids()), pid)
    if config.one("registration_file"):
        path = file_of(config, "registration_file")
        wait_until(lambda: holds(path, "****:1:"))
        check("... the registration file knows the phone", holds(path, "\nsip:alice@"), path)


def try_config(siproxd, folder, original):
    name = os.path.basename(original)[:-len(".conf")]
    path = "%s/%s.conf" % (folder, name)
    with open(original, errors="surrogateescape") as f, \
            open(path, "w", errors="surrogateescape") as out:
        out.write(f.read().replace("/tmp/", "/var/tmp/"))  # the lab itself lives there
    config = Config(siproxd, path)
    p = Plan(config)
    print("  %s: %s, inside %s at %s" % (name, p.inside, p.box_in, p.outside), flush=True)
    build(p)
    make_room(config)
    names = Names("carol", p.far, {config.one("host_outbound"): p.public}, p.far)
    daemon = Daemon(siproxd, path, "%s/siproxd-%s.log" % (folder, name),
                    config.one("daemonize") == "1")
    play(p, config.one("proxy_auth_passwd") or PASSWORD)
    check_files(config)
    if config.one("debug_port") != "0":
        check_debug_port(p, int(config.one("debug_port")))
    daemon.stop()
    check("... without its pid file", not config.one("pid_file") or
          not os.path.exists(file_of(config, "pid_file")) or
          # who has become somebody else may not write the folder of the package
          os.stat(os.path.dirname(file_of(config, "pid_file"))).st_uid == 0,
          file_of(config, "pid_file"))
    names.close()
    clear(config)
    tear_down()


for argument in sys.argv[3:]:
    try_config(sys.argv[1], sys.argv[2], argument)
