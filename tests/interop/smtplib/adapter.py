"""smtplib.SMTP's calls over helo's Connection, for the cases that test smtplib's client.

What is sent, in which order, and what becomes of a refusal is the library's. Of smtplib's own class only what needs no
connection is left: the constructor, the features that it reads from a reply, the names.
"""

import smtplib
import urllib.parse

from helo import distinct, site
from helo.native import Cause


def pair(reply):
    """A reply as smtplib has it: the code, and the lines without theirs."""
    return reply.code, "\n".join(line[4:] for line in reply.text.splitlines()).encode()


def not_ascii(text, why):
    """What smtplib raises for an address that the server cannot be told."""
    return UnicodeEncodeError("ascii", text, 0, len(text), str(why))


class SMTP(smtplib.SMTP):
    """One connection at a time. ``sock`` is the connection, None where there is none."""

    def __init__(self, host="", port=0, local_hostname=None, timeout=None, source_address=None):
        self._connection = None
        self._hello = None
        self._last = None
        self._unsayable = None
        self._login = {}
        self._asked = None
        super().__init__(local_hostname=local_hostname or "localhost")
        if host:
            self.connect(host, port)

    # The connection.

    @property
    def sock(self):
        return self._connection

    @sock.setter
    def sock(self, value):
        if value is not None:
            raise TypeError("a connection comes about by connect")

    def connect(self, host="localhost", port=0, source_address=None):
        """The library says its hello with the connection; smtplib does so later, and then gets what was answered."""
        user = urllib.parse.quote(self._login.get("user", ""), safe="")
        password = urllib.parse.quote(self._login.get("password", ""), safe="")
        login = f"{user}:{password}@" if user else ""
        place = f"{host}:{port}" if port else host
        self._place = host, port
        # smtplib encrypts when it is told to. A program's own password goes in the clear by "optional" only.
        tls = "optional" if login else "never"
        for key, value in (("tls", tls), ("mechanism", self._login.get("mechanism"))):
            site.set_key(key, value, site.Face.DISTINCT)
        try:
            self._connection = distinct.Connection(f"smtp://{login}{place}", self.local_hostname, debug=self._watch)
        except distinct.NotConnected as no:
            raise OSError(str(no)) from no
        except distinct.Refused as no:
            if isinstance(no, ValueError):
                # smtplib has connected by now and says this with its hello.
                self._unsayable = ValueError(f"prohibited newline characters: ehlo {self.local_hostname!r}".replace("'", ""))
                return 220, b""
            code, text = pair(no.reply) if no.reply else (-1, str(no).encode())
            raise smtplib.SMTPResponseException(code, text) from no
        self._hello = self._last = pair(self._connection.reply())
        return 220, b""

    def _watch(self, octets):
        for line in octets.splitlines():
            if line.upper().startswith(b"RCPT TO:<"):
                self._asked = line[9 : line.index(b">")].decode()

    def _there(self):
        if self._unsayable is not None:
            raise self._unsayable
        if self._connection is None:
            raise smtplib.SMTPServerDisconnected("please run connect() first")
        return self._connection

    def close(self):
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def quit(self):
        if self._connection is None and self._unsayable is not None:
            return 221, b""
        self._there().quit()
        self._connection = None
        self.ehlo_resp = self.helo_resp = None
        self.esmtp_features = {}
        self.does_esmtp = False
        return 221, b""

    # Commands that give a reply.

    def _reply_of(self, call, *arguments):
        """The reply to a call, refusal or not; what is no reply is an exception."""
        connection = self._there()
        try:
            call(*arguments)
            self._last = pair(connection.reply())
        except distinct.Refused as no:
            if isinstance(no, ValueError):
                raise
            if no.reply is None:
                if no.cause is Cause.NOT_SUPPORTED:
                    raise not_ascii(arguments[0], no) from no
                self.close()
                raise smtplib.SMTPServerDisconnected(str(no)) from no
            self._last = pair(no.reply)
            if self._last[0] == 421:
                self.close()
        return self._last

    def _say(self, command):
        """Any command, as it is."""
        try:
            return self._reply_of(self._there().direct, command)
        except distinct.Refused as no:
            escaped = command.replace("\r", "\\r").replace("\n", "\\n")
            raise ValueError(f"command and arguments contain prohibited newline characters: {escaped}") from no

    def send(self, _octets):
        self._there()
        raise NotImplementedError("what goes over the wire is the library's")

    def putcmd(self, command, arguments=""):
        if command.lower() in ("ehlo", "helo") and self._hello is not None:
            # It was said when the connection was made.
            self._there()
            self._last, self._hello = self._hello, None
            return
        if command.upper() == "QUIT":
            self._last = self.quit()
            return
        self._say(f"{command} {arguments}" if arguments else command)

    def getreply(self):
        return self._last

    def noop(self):
        return self._reply_of(self._there().noop)

    def rset(self):
        return self._reply_of(self._there().rset)

    def vrfy(self, address):
        return self._reply_of(self._there().vrfy, address)

    verify = vrfy

    def expn(self, address):
        return self._reply_of(self._there().expn, address)

    def help(self, topic=""):
        return self._reply_of(self._there().help, topic)[1]

    def mail(self, sender, options=()):
        """Options are the library's to say; what cannot be said at all is refused."""
        if any("\n" in option for option in options):
            return self._say(f"MAIL FROM:{smtplib.quoteaddr(sender)} {' '.join(options)}")
        return self._reply_of(self._there().mail, sender)

    def rcpt(self, recipient, options=()):
        return self._reply_of(self._there().rcpt, recipient)

    def data(self, message):
        return self._reply_of(self._there().data, message.encode() if isinstance(message, str) else message)

    # Whole mails.

    def sendmail(self, sender, recipients, message, mail_options=(), rcpt_options=()):
        try:
            return self._deliver(self._there().sendmail, sender, recipients, message)
        except smtplib.SMTPNotSupportedError as no:
            raise not_ascii(f"{sender} {recipients}", no) from no

    def send_message(self, message, from_addr=None, to_addrs=None, mail_options=(), rcpt_options=()):
        return self._deliver(self._there().send_message, message, from_addr, to_addrs)

    def _deliver(self, call, *arguments):
        """Calls one of the library's two that send a mail; its failures as smtplib has them."""
        try:
            return {who: pair(reply) for who, reply in call(*arguments).items()}
        except distinct.RecipientsRefused as no:
            raise smtplib.SMTPRecipientsRefused({who: pair(reply) for who, reply in no.recipients.items()}) from no
        except distinct.Refused as no:
            self._lost(no)

    def _lost(self, no):
        if no.reply is None:
            if no.cause is Cause.NOT_SUPPORTED:
                raise smtplib.SMTPNotSupportedError(str(no)) from no
            raise smtplib.SMTPServerDisconnected(str(no)) from no
        code, text = pair(no.reply)
        if code == 421 or not self._is_alive():
            self.close()
        if no.function == "smtp_mail":
            raise smtplib.SMTPSenderRefused(code, text, None) from no
        if no.function == "smtp_rcpt":
            raise smtplib.SMTPRecipientsRefused({self._asked: (code, text)}) from no
        raise smtplib.SMTPDataError(code, text) from no

    def _is_alive(self):
        """smtplib says RSET after a refusal, and so learns that the server has gone."""
        try:
            self._connection.rset()
            return True
        except distinct.SmtpError:
            return False

    # Logins: the library logs in when it connects.

    def login(self, user, password, *, initial_response_ok=True):
        self._login = {"user": user, "password": password}
        return self._connect_again()

    def auth(self, mechanism, authobject, *, initial_response_ok=True):
        self._login = {"user": self.user, "password": self.password, "mechanism": mechanism.upper()}
        return self._connect_again()

    def _connect_again(self):
        self._there()
        self.close()
        try:
            self.connect(*self._place)
        finally:
            self._login = {}
        return self._last
