"""For pytest: a mail server of the test's own, and what it got.

>>> def test_a_letter_goes_out(mail_server):                          # doctest: +SKIP
...     my_program.send_by("127.0.0.1", mail_server.port)
...     [letter] = mail_server.wait_for(1)
...     assert letter.recipients == ["bob@example.com"]
...     assert letter.email["Subject"] == "hello"

pytest finds it by itself where the package is installed; elsewhere ``-p helo.pytest_plugin`` names it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .server import Server


@pytest.fixture
def mail_server_settings() -> dict[str, Any]:
    """What the server of ``mail_server`` is made with, besides a free port and memory for its mails: a test, a module or
    a conftest.py may have a fixture of this name with keys of its own."""
    return {}


@pytest.fixture
def mail_server(mail_server_settings: dict[str, Any]) -> Iterator[Server]:
    """A ``helo.Server`` on a free port of 127.0.0.1, which keeps what it gets: ``port``, ``mails``, ``wait_for(n)``. It
    stops at once at the test's end."""
    # Only here: a run of tests that asks for no server needs no library.
    from .server import Server

    with Server({"port": 0, "memory": "64M", **mail_server_settings}, stop_within=0) as server:
        yield server
