"""Takes mail and prints from whom it came and what it is about.

python3 subjects.py 127.0.0.1:2525 example.com
"""

import email
import sys

import helo
from helo.server import Mail


def deliver(mail: Mail, message: bytes) -> None:
    subject = email.message_from_bytes(message)["Subject"]
    if subject is None:
        raise helo.Refused(554, "5.6.0 A mail needs a subject")
    print(f"{mail.sender}: {subject}", flush=True)


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit("usage: subjects.py ADDRESS:PORT DOMAIN")
    with helo.Server({"listen": sys.argv[1], "domains": sys.argv[2]}, deliver=deliver) as server:
        print("listening at", *server.addresses, flush=True)
        try:
            server.wait()
        except KeyboardInterrupt:
            pass  # mails under way are answered first


if __name__ == "__main__":
    main()
