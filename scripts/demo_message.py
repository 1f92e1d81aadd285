"""Writes a message of somewhat more than 1 MB, always the same: UTF-8, lines that begin with a dot, an attachment.

    python demo_message.py FILE
"""

import base64
import random
import sys

BOUNDARY = "=_demo_boundary"
TEXT = """Grüße aus dem Demo: Ελληνικά, 日本語, emoji 📬.
.
.a line that begins with a dot
..and one with two
The line before the next is a single dot, which in SMTP would end the message.
.
"""


def message():
    attachment = random.Random(1).randbytes(1_000_000)
    lines = [
        "From: Demo <demo@example.test>",
        "To: Alice <alice@example.test>",
        "Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?= from an old program",
        "Date: Thu, 01 Jan 1998 12:00:00 +0000",
        "Message-ID: <demo.1@example.test>",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/mixed; boundary="{BOUNDARY}"',
        "",
        f"--{BOUNDARY}",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "",
        *TEXT.splitlines(),
        f"--{BOUNDARY}",
        "Content-Type: application/octet-stream",
        'Content-Disposition: attachment; filename="random.bin"',
        "Content-Transfer-Encoding: base64",
        "",
        *base64.encodebytes(attachment).decode("ascii").splitlines(),
        f"--{BOUNDARY}--",
    ]
    return "".join(line + "\r\n" for line in lines).encode("utf-8")


if __name__ == "__main__":
    with open(sys.argv[1], "wb") as file:
        file.write(message())
