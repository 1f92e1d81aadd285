#!/usr/bin/env python3
"""One SCRAM authentication, the server's side of it done by scramp: base64 in on standard input, what SMTP answers out.

    scram-server.py MECHANISM USER PASSWORD [KIND=BASE64]

A line of input is what the client sends; a line of output is "334 CHALLENGE", "235", or "535 WHY", as with
gsasl-server.c. KIND is the one channel binding that this server knows, tls-server-end-point among others.
"""

import base64
import sys

from scramp import ScramException, ScramMechanism


def main(name, user, password, binding=None):
    mechanism = ScramMechanism(name)
    binding = binding and binding.split("=", 1)
    binding = binding and (binding[0], base64.b64decode(binding[1]))
    known = {user: mechanism.make_auth_info(password, iteration_count=4096)}
    server = mechanism.make_server(known.__getitem__, channel_binding=binding)

    def say(line):
        print(line, flush=True)

    def hear():
        line = sys.stdin.readline().rstrip("\r\n")
        return base64.b64decode(line).decode()

    def challenge(text):
        say("334 " + base64.b64encode(text.encode()).decode())

    try:
        server.set_client_first(hear())
        challenge(server.get_server_first())
        server.set_client_final(hear())
        challenge(server.get_server_final())
        say("501 nothing was to be said" if hear() else "235")
    except (ScramException, KeyError) as why:
        # By the letter of RFC 5802 the reason goes out as the server's last message.
        reason = getattr(why, "server_error", None)
        if reason:
            challenge("e=" + reason.value)
            sys.stdin.readline()
        say("535 " + str(why).splitlines()[0])


main(*sys.argv[1:])
