"""What both faces share: texts, addresses and keys for C, and messages as octets or a function to read them from."""

from __future__ import annotations

import copy
import email.generator
import email.message
import email.policy
import email.utils
import io
import os
import pathlib
import re
from collections.abc import Iterable, Mapping
from typing import IO, Callable, Union

Text = Union[str, bytes]
"""A text for the library: a str goes out as UTF-8, bytes as they are."""

Value = Union[str, bytes, bool, int, float, "os.PathLike[str]"]
"""A key's value."""

Octets = Union[bytes, bytearray, memoryview]

Message = Union[
    str, Octets, "os.PathLike[str]", "IO[bytes]", "IO[str]", "Iterable[Union[Octets, str]]", email.message.Message
]
"""A message: text, octets, the path of a file, a file open for reading, pieces, or an object of the email package."""

Address = Union[str, bytes]

CONTROL = re.compile("[\0-\x1f\x7f]")


def text(value: Text) -> bytes:
    """A C string. One with a NUL inside would silently be cut there."""
    if isinstance(value, str):
        octets = value.encode("utf-8")
    elif isinstance(value, (bytes, bytearray, memoryview)):
        octets = bytes(value)
    else:
        raise TypeError(f"a text for the library is a str or bytes, not {kind(value)}")
    if b"\0" in octets:
        raise ValueError("a text for the library holds a NUL")
    return octets


def decode(octets: bytes) -> str:
    """What the library says, as a str: servers do not always send UTF-8."""
    return octets.decode("utf-8", "replace")


def kind(value: object) -> str:
    """What something is, for error texts."""
    return f"{type(value).__name__}"


def key_value(value: Value) -> bytes:
    """A key's value as a policy file has it: numbers in digits, times that are no whole seconds in milliseconds, True
    and False as yes and no."""
    if isinstance(value, bool):
        return b"yes" if value else b"no"
    if isinstance(value, int):
        return str(int(value)).encode()
    if isinstance(value, float):
        if not 0 <= value < 1e9:
            raise ValueError(f"{value} is no number that a key can have")
        return f"{int(value)}".encode() if value.is_integer() else f"{max(1, round(value * 1000))} ms".encode()
    if isinstance(value, os.PathLike):
        return text(os.fsencode(value))
    if isinstance(value, (str, bytes)):
        return text(value)
    raise TypeError(f"a key's value is a str, a number, True or False, or a path, not {kind(value)}")


# Addresses.


def address(value: Address) -> bytes:
    """The address for the envelope. ``Ann <a@example.com>`` is ``a@example.com``; a list or a group is refused, since
    it names more than one. What cannot be sent is left to the library, which says why."""
    if not isinstance(value, (str, bytes)):
        raise TypeError(f"an address is a str or bytes, not {kind(value)}")
    octets = text(value)
    # Latin-1 has a character for each octet: quotes and brackets are found without touching what stands between them.
    line = octets.decode("latin-1")
    if CONTROL.search(line):
        return octets
    plain = unquoted(line)
    opens, closes = plain.find("<"), plain.rfind(">")
    if opens < 0:
        if re.match(r"[^@:]*:.*;\s*$", plain):
            raise ValueError(f"{decode(octets)!r} is a group of addresses: give each of its members by itself")
        if "," in plain and not plain.lstrip().startswith("@"):
            raise ValueError(
                f"{decode(octets)!r} is a list of addresses: give each by itself, as items of a Python list"
            )
        return octets
    if plain[closes + 1 :].strip() or plain.count("<") > 1 or plain.count(">") > 1 or closes < opens:
        if "," in plain or ";" in plain:
            raise ValueError(f"{decode(octets)!r} is more than one address: give each by itself")
        return octets
    if "," in plain[:opens] or ":" in plain[:opens]:
        raise ValueError(
            f"{decode(octets)!r} is a list or a group of addresses, or its name needs quotes: give each by itself"
        )
    if "@" in plain[:opens]:
        # Two addresses in one: which is meant is not ours to guess.
        return octets
    return line[opens + 1 : closes].strip().encode("latin-1")


def unquoted(line: str) -> str:
    """The line with blanks in place of its quoted strings and comments: same length, only the structure left."""
    shown = list(line)
    quoted, depth, at = False, 0, 0
    while at < len(line):
        character = line[at]
        if character == "\\" and (quoted or depth):
            shown[at : at + 2] = "_" * len(shown[at : at + 2])
            at += 2
            continue
        if character == '"' and not depth:
            quoted = not quoted
            shown[at] = "_"
        elif quoted:
            shown[at] = "_"
        elif character == "(":
            depth += 1
        elif character == ")" and depth:
            depth -= 1
        if depth:
            shown[at] = "_"
        at += 1
    return "".join(shown)


def addresses(value: Union[Address, Iterable[Address]]) -> list[Address]:
    """One recipient or several, as a list; whether each is an address is not looked at yet."""
    if isinstance(value, (str, bytes)):
        return [value]
    if isinstance(value, (Mapping, email.message.Message)) or not isinstance(value, Iterable):
        raise TypeError(f"recipients are an address or a list of addresses, not {kind(value)}")
    return list(value)


# Messages.


def octets_of(message: email.message.Message, utf8: bool) -> bytes:
    """A message of the email package as it goes over the wire, without the recipients that nobody may see. With
    ``utf8`` its headers are UTF-8 (SMTPUTF8), else they are encoded."""
    shown = copy.copy(message)
    del shown["Bcc"], shown["Resent-Bcc"]
    written = io.BytesIO()
    policy = message.policy
    if isinstance(policy, email.policy.EmailPolicy):
        policy = policy.clone(utf8=utf8)
    email.generator.BytesGenerator(written, mangle_from_=False, policy=policy).flatten(shown, linesep="\r\n")
    return written.getvalue()


def _resent(message: email.message.Message) -> str:
    """How the names of the fields begin that count; of several blocks of Resent- fields nobody can say which."""
    blocks = message.get_all("Resent-Date") or []
    if len(blocks) > 1:
        raise ValueError("the message was resent more than once: say who its sender and its recipients are")
    return "Resent-" if blocks else ""


def sender_of(message: email.message.Message) -> str:
    """From whom a message of the email package goes by its own fields (RFC 5322 section 3.6)."""
    resent = _resent(message)
    senders = message.get_all(f"{resent}Sender") or message.get_all(f"{resent}From") or []
    found = [name for _, name in email.utils.getaddresses([str(field) for field in senders]) if name]
    if not found:
        raise ValueError(f"the message has no {resent}Sender and no {resent}From: say who its sender is")
    return found[0]


def recipients_of(message: email.message.Message) -> list[Address]:
    """To whom it goes by its own fields."""
    resent = _resent(message)
    fields = [str(field) for name in ("To", "Cc", "Bcc") for field in message.get_all(resent + name, [])]
    return [name for _, name in email.utils.getaddresses(fields) if name]


def is_ascii(*envelope: bytes) -> bool:
    """Whether addresses can go to a server without SMTPUTF8."""
    return all(each.isascii() for each in envelope)


def whole(message: Message, *envelope: bytes) -> Message:
    """A message that can be sent, before anything has gone out: objects of the email package as octets, text as UTF-8.
    What is none is a ``TypeError``."""
    if isinstance(message, email.message.Message):
        return octets_of(message, not is_ascii(*envelope))
    if isinstance(message, str):
        return message.encode("utf-8")
    if isinstance(message, os.PathLike):
        return pathlib.Path(message)
    if isinstance(message, (bytes, bytearray)):
        return message
    if isinstance(message, memoryview):
        return message.cast("B") if message.contiguous else message.tobytes()
    if callable(getattr(message, "read", None)):
        if getattr(message, "closed", False):
            raise ValueError("the message is a file that is closed")
        if hasattr(message, "readable") and not message.readable():
            raise ValueError("the message is a file that is not open for reading")
        return message
    if isinstance(message, (list, tuple)):
        for piece in message:
            _piece(piece)
        return message
    if isinstance(message, Iterable) and not isinstance(message, (Mapping, set, frozenset, range)):
        return message
    raise TypeError(
        "a message is a str, octets, a pathlib.Path, a file open for reading, an email.message.Message or an iterable "
        f"of str or octets, not {kind(message)}"
    )


def _piece(part: object) -> memoryview:
    if isinstance(part, str):
        return memoryview(part.encode("utf-8"))
    if isinstance(part, (bytes, bytearray, memoryview)):
        return memoryview(part).cast("B")
    raise TypeError(f"a piece of a message is a str or octets, not {kind(part)}")


def reader(message: Message) -> Callable[[int], memoryview]:
    """A function that gives the next octets of what ``whole`` has looked at, at most as many as it is asked for, and
    nothing at its end. Files are read as they go."""
    give: Callable[[int], object]
    if isinstance(message, (bytes, bytearray, memoryview)):
        parts = iter((message,))
        give = lambda _size: next(parts, None)  # noqa: E731
    elif isinstance(message, (str, os.PathLike, email.message.Message)):
        raise TypeError("this message has not been prepared")
    elif hasattr(message, "read"):
        read = message.read
        # A file's end is an empty piece; an iterable may have those in its middle.
        give = lambda size: read(size) or None  # noqa: E731
    else:
        pieces = iter(message)
        give = lambda _size: next(pieces, None)  # noqa: E731
    rest = memoryview(b"")

    def next_octets(size: int) -> memoryview:
        nonlocal rest
        while not rest:
            part = give(size)
            if part is None:
                return rest
            rest = _piece(part)
        some, rest = rest[:size], rest[size:]
        return some

    return next_octets
