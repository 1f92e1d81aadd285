"""aiosmtpd as the tests want it: stores each message as it came.

    python aiosmtpd_server.py FOLDER [PORT [USER:PASSWORD]]

Listens on 127.0.0.1 (a free port unless one is given), prints "port N", and writes FOLDER/1.eml, FOLDER/2.eml ... with
the bytes of the message, and 1.envelope ... with sender and recipients. The user may log in, by PLAIN or LOGIN. Ends
when its standard input ends.
"""

import asyncio
import pathlib
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Store:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.count = 0

    async def handle_DATA(self, server, session, envelope):
        self.count += 1
        (self.folder / f"{self.count}.eml").write_bytes(envelope.original_content)
        people = "\n".join([f"from {envelope.mail_from}", *(f"to {to}" for to in envelope.rcpt_tos)])
        (self.folder / f"{self.count}.envelope").write_text(people + "\n", encoding="utf-8")
        return f"250 stored as {self.count}.eml"


async def main(folder, port, login=None):
    loop = asyncio.get_running_loop()
    store = Store(folder)
    options = {"ident": "test server", "enable_SMTPUTF8": True, "loop": loop}
    if login:
        known = LoginPassword(*login.encode().split(b":", 1))
        options["authenticator"] = lambda _server, _session, _envelope, _mechanism, given: AuthResult(
            success=given == known, handled=False
        )
        options["auth_require_tls"] = False

    def session():
        return SMTP(store, hostname="test.example", **options)

    server = await loop.create_server(session, "127.0.0.1", port)
    print("port", server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0, *sys.argv[3:4]))
