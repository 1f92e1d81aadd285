"""The example sends mail, and says so when it cannot."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from .support import ROOT, RealServer, needs_aiosmtpd


@needs_aiosmtpd
class Example(unittest.TestCase):
    def send(self, server, recipient):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "message.eml"
            path.write_bytes(self.MESSAGE)
            example = ROOT / "python" / "examples" / "distinct_send.py"
            return subprocess.run(
                [sys.executable, example, server.host, "a@example.com", recipient, path],
                env=os.environ,
                capture_output=True,
                text=True,
            )

    MESSAGE = b"Subject: example\r\n\r\n.a dot\r\n"

    def test_it_sends(self):
        with RealServer() as server:
            done = self.send(server, "b@example.com")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(server.mails, [("a@example.com", ["b@example.com"], self.MESSAGE)])
        for shown in ("220 ", "EHLO", "RCPT TO:<b@example.com>", "250 kept"):
            self.assertIn(shown, done.stderr)

    def test_it_says_what_the_server_said(self):
        with RealServer() as server:
            done = self.send(server, "nobody@example.com")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("smtp_rcpt failed", done.stderr)
        self.assertIn("no such user", done.stderr)
