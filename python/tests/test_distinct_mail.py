"""Mail through the Distinct face to a real server of another make (aiosmtpd)."""

import threading
import unittest

try:
    from aiosmtpd.controller import Controller
except ImportError:
    Controller = None

from helo import distinct


class Kept:
    """Keeps what arrives; refuses one recipient."""

    def __init__(self):
        self.mails = []
        self.lock = threading.Lock()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server, session, envelope):
        with self.lock:
            self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.original_content))
        return "250 kept"


@unittest.skipIf(Controller is None, "aiosmtpd is not installed (pip install aiosmtpd)")
class RealServer(unittest.TestCase):
    def setUp(self):
        self.kept = Kept()
        self.controller = Controller(self.kept, hostname="127.0.0.1", port=0, data_size_limit=0)
        self.controller.start()
        self.addCleanup(self.controller.stop)
        port = self.controller.server.sockets[0].getsockname()[1]
        self.host = f"127.0.0.1:{port}"

    def test_a_large_message_arrives_byte_for_byte(self):
        lines = ["Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=", "Content-Type: text/plain; charset=utf-8", ""]
        lines += [".", "..", ".dot", "Größe " + "ä" * 200, " ", ""] * 3000
        message = "\r\n".join(lines).encode() + b"\r\n"
        self.assertGreater(len(message), 1_000_000)
        with distinct.Connection(self.host, "client.example") as smtp:
            refused = smtp.sendmail(
                "alice@example.com", ["bob@example.com", "nobody@example.com", "carol@example.com"], message
            )
        self.assertEqual({who: reply.code for who, reply in refused.items()}, {"nobody@example.com": 550})
        self.assertEqual(
            self.kept.mails, [("alice@example.com", ["bob@example.com", "carol@example.com"], message)]
        )

    def test_many_connections_at_once(self):
        def send(number):
            with distinct.Connection(self.host, "client.example") as smtp:
                for mail in range(5):
                    smtp.sendmail("a@example.com", [f"to{number}@example.com"], f"X: {number}.{mail}\r\n\r\n.\r\n")

        threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        sent = {f"X: {number}.{mail}\r\n\r\n.\r\n".encode() for number in range(8) for mail in range(5)}
        self.assertEqual({content for _, _, content in self.kept.mails}, sent)
        self.assertEqual(len(self.kept.mails), 40)
