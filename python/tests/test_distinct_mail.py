"""Mail through the Distinct face to a real server of another make."""

import threading
import unittest

from helo import distinct

from .support import RealServer, needs_aiosmtpd


@needs_aiosmtpd
class Mail(unittest.TestCase):
    def test_a_large_message_arrives_byte_for_byte(self):
        lines = ["Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=", "Content-Type: text/plain; charset=utf-8", ""]
        lines += [".", "..", ".dot", "Größe " + "ä" * 200, " ", ""] * 3000
        message = "\r\n".join(lines).encode() + b"\r\n"
        self.assertGreater(len(message), 1_000_000)
        people = ["bob@example.com", "nobody@example.com", "carol@example.com"]
        with RealServer() as server, distinct.Connection(server.host, "client.example") as smtp:
            refused = smtp.sendmail("alice@example.com", people, message)
        self.assertEqual({who: reply.code for who, reply in refused.items()}, {"nobody@example.com": 550})
        self.assertEqual(server.mails, [("alice@example.com", ["bob@example.com", "carol@example.com"], message)])

    def test_many_connections_at_once(self):
        def send(number):
            with distinct.Connection(server.host, "client.example") as smtp:
                for mail in range(5):
                    smtp.sendmail("a@example.com", [f"to{number}@example.com"], f"X: {number}.{mail}\r\n\r\n.\r\n")

        with RealServer() as server:
            threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        sent = sorted(f"X: {number}.{mail}\r\n\r\n.\r\n".encode() for number in range(8) for mail in range(5))
        self.assertEqual(sorted(content for _, _, content in server.mails), sent)
