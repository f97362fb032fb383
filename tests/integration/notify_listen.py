#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""notify_listen.py SOCKET: a supervisor's ear. Prints "listening", then each datagram that arrives
at the unix socket (one that begins with "@" is an abstract one) as a line, its line ends as blanks."""
import os
import socket
import sys

name = sys.argv[1]
ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
ear.bind("\0" + name[1:] if name.startswith("@") else name)
if not name.startswith("@"):
    os.chmod(name, 0o777)
print("listening", flush=True)
while True:
    print(ear.recv(4096).decode().replace("\n", " "), flush=True)
