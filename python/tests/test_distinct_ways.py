"""The ways from a program to its server: through a proxy, and where the site's policy sends it."""

import os
import pathlib
import tempfile
import unittest

from helo import distinct

from .support import ScriptedServer, SocksServer

SESSION = """
    S: 220 scripted ready
    C: EHLO client.example
    S: 250 scripted
    C: QUIT
    S: 221 bye
"""


class Proxy(unittest.TestCase):
    def test_names_and_addresses_reach_the_server(self):
        for host in ("mail.example.com", "192.0.2.1", "2001:db8::1"):
            with self.subTest(host), ScriptedServer(SESSION) as server, SocksServer(server.port) as proxy:
                distinct.Connection.through_proxy(
                    host, 2525, proxy="127.0.0.1", proxy_port=proxy.port, version=5, local="client.example"
                ).quit()
                self.assertEqual(proxy.asked, (host, 2525))

    def test_a_password_for_the_proxy(self):
        with ScriptedServer(SESSION) as server, SocksServer(server.port, password="wonderland") as proxy:
            distinct.Connection.through_proxy(
                "h",
                proxy="127.0.0.1",
                proxy_port=proxy.port,
                user="alice",
                password="wonderland",
                local="client.example",
            ).quit()
            self.assertEqual(proxy.asked, ("h", 25))

    def test_a_wrong_password_is_told_and_not_shown(self):
        with SocksServer(0, password="wonderland") as proxy:
            with self.assertRaises(distinct.SmtpError) as error:
                distinct.Connection.through_proxy(
                    "h",
                    proxy="127.0.0.1",
                    proxy_port=proxy.port,
                    user="alice",
                    password="looking-glass",
                    local="client.example",
                )
            self.assertEqual(error.exception.name, "SMTP_FAILURE")
            self.assertIn("proxy", str(error.exception))
            self.assertNotIn("looking-glass", str(error.exception))


class Policy(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "helo.conf"
        before = os.environ.get("HELO_CONFIG")
        self.addCleanup(self.set_config, before)
        self.set_config(str(self.path))

    @staticmethod
    def set_config(path):
        if path is None:
            os.environ.pop("HELO_CONFIG", None)
        else:
            os.environ["HELO_CONFIG"] = path

    def test_a_program_is_sent_to_another_server(self):
        with ScriptedServer(SESSION) as server:
            self.path.write_text(
                f"[host mailhost.invalid]\nserver = 127.0.0.1:{server.port}\nhelo_name = client.example\n"
            )
            distinct.Connection("mailhost.invalid", "old.name").quit()

    def test_a_time_limit_of_the_site_holds(self):
        with ScriptedServer("WAIT") as server:
            self.path.write_text("greeting_timeout = 200 ms\n")
            with self.assertRaises(distinct.TimedOut):
                distinct.Connection(server.host, "client.example")

    def test_a_mistake_in_the_file_is_told_with_its_line(self):
        self.path.write_text("# site\nservr = mail.example.com\n")
        with self.assertRaises(distinct.SmtpError) as error:
            distinct.Connection("127.0.0.1:1", "client.example")
        self.assertEqual(error.exception.name, "SMTP_CANNOT_INITIALIZE")
        self.assertIn("helo.conf, line 2: servr is unknown; did you mean server?", str(error.exception))
