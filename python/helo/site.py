"""The site's policy from inside the program, and what happens in the library, whatever the API.

>>> from helo import site
>>> site.policy_file("mail.conf")                                    # doctest: +SKIP
>>> site.set_key("tls", "always")                                    # doctest: +SKIP
>>> watching = site.watch(lambda traffic: print(traffic.text))       # doctest: +SKIP

A ``face`` says whose: ``Face.ALL`` is the whole process. ``handle`` is one of that API as C has it, or 0 for all.
``Delivery.set_key`` and ``Connection.set_key`` set keys for theirs.
"""

from __future__ import annotations

import collections
import ctypes
import os
import sys
from typing import Any, Callable, NamedTuple, Optional, Union

from . import _waiting
from ._pieces import Text, Value, decode, key_value, text
from ._waiting import guarded
from .native import _raw as raw
from .native._codes import Cause, Face, Phase, Status, Trace
from .native._errors import HeloError

__all__ = [
    "Face",
    "Failure",
    "Traffic",
    "Watch",
    "last_failure",
    "policy_file",
    "policy_text",
    "set_key",
    "watch",
]


class Traffic(NamedTuple):
    """What passes over a connection: whole lines, a piece of a message, or a remark (``Trace.NOTE``)."""

    face: Face
    handle: int
    connection: int
    """The connections of the process, counted from 1."""
    what: Trace
    octets: bytes

    @property
    def text(self) -> str:
        """The octets as text."""
        return decode(self.octets)


class Failure(NamedTuple):
    """Where and why the last failing call of this thread failed."""

    phase: Phase
    cause: Cause
    code: int
    """The reply code that decided it; 0 if no reply did."""
    enhanced: Optional[str]


def policy_file(path: Union[None, str, bytes, os.PathLike[str], os.PathLike[bytes]]) -> None:
    """From now on this policy file holds for the process; None: the one that is found outside again."""
    _call("helo_policy_file", None if path is None else os.fsencode(path))


def policy_text(policy: Optional[Text]) -> None:
    """The same with the text of a policy."""
    _call("helo_policy_text", None if policy is None else text(policy))


def set_key(key: str, value: Optional[Value], face: int = Face.ALL, handle: int = 0) -> None:
    """Sets a key of the policy for connections that begin afterwards: a str, a number (``port`` 25, ``reply_timeout``
    2.5 seconds), True or False, a path. None: what the file says holds again."""
    octets = None if value is None else key_value(value)
    _call("helo_set_key", face, ctypes.c_void_p(handle), text(key), octets)


def watch(function: Callable[[Traffic], object], face: int = Face.ALL, handle: int = 0) -> Watch:
    """Shows all traffic to ``function``, as a ``Traffic``, until the ``Watch`` that this gives is closed. An exception
    of the function is printed and changes nothing."""
    return Watch(function, face, handle)


class Watch:
    """Shows traffic to a function for as long as it is open. There is one for each handle, each API and the process: a
    later one takes its place."""

    def __init__(self, function: Callable[[Traffic], object], face: int, handle: int) -> None:
        self._where = (face, ctypes.c_void_p(handle))

        def show(_user: object, traffic: Any) -> None:
            seen = traffic.contents
            octets = seen.bytes[: seen.length]
            function(Traffic(Face(seen.face), seen.handle or 0, seen.connection, Trace(seen.what), octets))

        self._function: Any = raw.TrafficFn(guarded(show, None, _report))
        _call("helo_watch", *self._where, self._function, None)
        _open.add(self)

    def close(self) -> None:
        """Ends it."""
        if self._function is None:
            return
        _ended.append(self._function)
        self._function = None
        _open.discard(self)
        status = raw.helo_watch(*self._where, raw.TrafficFn(), None)
        # A handle that is closed has taken its watcher along.
        if status not in (Status.OK, Status.BAD_HANDLE):
            raise HeloError("helo_watch", status)

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


# What the library may call: who is not closed, and the last that were, since a call may still be at work then.
_open: set[Watch] = set()
_ended: collections.deque[object] = collections.deque(maxlen=256)


def _report(caught: BaseException) -> None:
    """An exception of a watcher is printed; one that is no error, such as Ctrl-C, ends the call that it came in."""
    call = _waiting.current()
    if call is not None and not isinstance(caught, Exception):
        call.keep(caught)
    else:
        sys.excepthook(type(caught), caught, caught.__traceback__)


def _close_all() -> None:
    # Only what the library's own threads could still show; calls are over by now, or are being ended.
    for watching in list(_open):
        watching.close()


_waiting.at_end(_close_all)


def last_failure() -> Optional[Failure]:
    """Where and why the last failing call of this thread failed; None if that had nothing to do with a connection."""
    failure = raw.helo_failure(size=ctypes.sizeof(raw.helo_failure))
    status = raw.helo_last_failure(ctypes.byref(failure))
    if status == Status.NO_RESULT:
        return None
    if status != Status.OK:
        raise HeloError("helo_last_failure", status)
    parts = (failure.enhanced_class, failure.enhanced_subject, failure.enhanced_detail)
    enhanced = ".".join(map(str, parts)) if any(parts) else None
    return Failure(Phase(failure.phase), Cause(failure.cause), failure.code, enhanced)


def _call(function: str, *arguments: object) -> None:
    status = getattr(raw, function)(*arguments)
    if status != Status.OK:
        raise HeloError(function, status)
