"""The numbers of helo.h."""

import enum


class Status(enum.IntEnum):
    """What a function returns."""

    OK = 0
    FAILED = 1
    BAD_HANDLE = 2
    BAD_ARGUMENT = 3
    IN_PROGRESS = 4
    NO_RESULT = 5
    CANCELLED = 6
    NO_MEMORY = 7
    NOT_SUPPORTED = 8
    INTERNAL = 9
    BAD_POLICY = 10


class Cause(enum.IntEnum):
    """Why a recipient's mail was not taken."""

    NONE = 0
    TIMED_OUT = 1
    REFUSED = 2
    BROKEN_OFF = 3
    BAD_ARGUMENT = 4
    BAD_SEQUENCE = 5
    CANCELLED = 6
    PROTOCOL = 7
    NO_MEMORY = 8
    UNKNOWN_HOST = 9
    NO_SOCKET = 10
    NO_BIND = 11
    NOT_RESPONDING = 12
    PROXY = 13
    CANNOT_SEND = 14
    NOT_SUPPORTED = 15
    OUTCOME_UNKNOWN = 16
    """The whole message was sent and the answer did not come: sending it again may make a duplicate."""
    UNSENT = 17
    """Certainly not delivered, safe to send again."""
    SOURCE = 18
    IN_PROGRESS = 19
    TLS = 20
    POLICY = 21


class Phase(enum.IntEnum):
    """Where in a session something happened."""

    NONE = 0
    CONNECT = 1
    GREETING = 2
    TLS = 3
    HELLO = 4
    AUTH = 5
    MAIL = 6
    RCPT = 7
    DATA = 8
    MESSAGE = 9
    COMMAND = 10
    QUIT = 11


class Level(enum.IntEnum):
    """How much is sent before the answers to it are in."""

    NONE = 0
    ENVELOPE = 1
    FULL = 2


class Face(enum.IntEnum):
    """Whose handle is meant."""

    ALL = 0
    """No handle in particular: the whole process."""
    HELO = 1
    DISTINCT = 2
    NETX_CLIENT = 3


class Trace(enum.IntEnum):
    """What a trace callback is shown."""

    SENT = 0
    RECEIVED = 1
    NOTE = 2


class Ask(enum.IntEnum):
    """What a server's function decides."""

    CONNECTION = 0
    HELLO = 1
    SENDER = 2
    RECIPIENT = 3
    MESSAGE = 4
    VERIFY = 5
    EXPAND = 6


class Protocol(enum.IntEnum):
    """How a client speaks."""

    NONE = 0
    SMTP = 1
    ESMTP = 2
    LMTP = 3


class Body(enum.IntEnum):
    """What MAIL said of the body."""

    SEVEN_BIT = 0
    EIGHT_BIT = 1
    BINARY = 2


class Serve(enum.IntEnum):
    """What is spoken on a connection that a server is given."""

    SMTP = 0
    SMTPS = 1
    LMTP = 2


class Event(enum.IntEnum):
    """What happened, in a server's log."""

    CONNECTED = 0
    SECURED = 1
    NOT_SECURED = 2
    AUTHENTICATED = 3
    NOT_AUTHENTICATED = 4
    TAKEN = 5
    REFUSED = 6
    TIMED_OUT = 7
    CLOSED = 8
    LOST = 9
    ENDED = 10
    NOTICE = 11
