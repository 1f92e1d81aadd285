"""The policy, keys and watchers from inside the program, for both APIs."""

import pathlib
import tempfile
import unittest

from helo import distinct, site
from helo.native import Cause, Delivery, HeloError, Phase, Status
from helo.site import Face

from .support import ScriptedServer

SESSION = """
    S: 220 scripted ready
    C: EHLO client.example
    S: 250 scripted
    C: NOOP
    S: 250 here
    C: QUIT
    S: 221 bye
"""
REFUSED = """
    S: 220 scripted ready
    C* EHLO
    S: 250-scripted
    S: 250 AUTH PLAIN
    C* AUTH PLAIN
    S: 535 5.7.8 no
"""


class Site(unittest.TestCase):
    def setUp(self):
        self.addCleanup(site.policy_file, None)

    def test_a_policy_in_memory_and_in_a_file(self):
        for way in ("text", "file"):
            with self.subTest(way), ScriptedServer(SESSION) as server, tempfile.TemporaryDirectory() as folder:
                text = f"[host mailhost]\nserver = {server.host}\nhelo_name = client.example\n"
                if way == "text":
                    site.policy_text(text)
                else:
                    path = pathlib.Path(folder) / "mail.conf"
                    path.write_text(text)
                    site.policy_file(path)
                with distinct.Connection("mailhost") as smtp:
                    smtp.noop()

    def test_mistakes_are_told_with_line_and_key(self):
        with self.assertRaises(HeloError) as error:
            site.policy_text("# a site\nprot = 25\n")
        self.assertEqual(error.exception.status, Status.BAD_POLICY)
        self.assertIn("line 2: prot is unknown; did you mean port?", str(error.exception))
        with self.assertRaises(HeloError) as error:
            site.set_key("port", "none")
        self.assertEqual(error.exception.status, Status.BAD_ARGUMENT)
        self.assertIn("port is not a number", str(error.exception))

    def test_keys_for_an_api_a_connection_and_a_delivery(self):
        with ScriptedServer(SESSION) as server:
            self.addCleanup(site.set_key, "helo_name", None, Face.DISTINCT)
            site.set_key("helo_name", "client.example", Face.DISTINCT)
            with distinct.Connection(server.host, "old.name") as smtp:
                site.set_key("reply_timeout", "30 s", Face.DISTINCT, smtp.handle)
                with self.assertRaises(HeloError):
                    site.set_key("tls", "always", Face.DISTINCT, smtp.handle)
                smtp.noop()
        with ScriptedServer(REFUSED) as server:
            with Delivery("smtp://alice:wonderland@mailhost", keys={"server": "127.0.0.1"}) as delivery:
                delivery.set_key("port", str(server.port))
                delivery.add_mail("a@example.com", "b@example.com", b"x\r\n")
                self.assertFalse(delivery.run())
                handle = delivery._handle
        with self.assertRaises(HeloError) as error:
            site.set_key("port", "25", Face.HELO, handle)
        self.assertEqual(error.exception.status, Status.BAD_HANDLE)

    def test_a_watch_sees_traffic_without_secrets_until_it_is_closed(self):
        seen = []
        with ScriptedServer(REFUSED) as server:
            with site.watch(seen.append), self.assertRaises(distinct.Refused):
                distinct.Connection(f"smtp://alice:wonderland@{server.host}")
        text = "".join(traffic.text for traffic in seen)
        self.assertIn("AUTH PLAIN <hidden>", text)
        self.assertNotIn("AGFsaWNl", text)
        self.assertEqual({traffic.face for traffic in seen}, {Face.DISTINCT})
        self.assertTrue(all(traffic.handle and traffic.connection for traffic in seen))
        count = len(seen)
        with ScriptedServer(SESSION) as server, distinct.Connection(server.host, "client.example") as smtp:
            smtp.noop()
        self.assertEqual(len(seen), count)

    def test_why_the_last_call_failed(self):
        with ScriptedServer(REFUSED) as server, self.assertRaises(distinct.Refused):
            distinct.Connection(f"smtp://alice:wonderland@{server.host}")
        self.assertEqual(site.last_failure(), (Phase.AUTH, Cause.REFUSED, 535, "5.7.8"))
        with self.assertRaises(HeloError):
            site.set_key("prot", "25")
        self.assertIsNone(site.last_failure())
