"""The site's policy from inside the program, and what happens in the library, whatever the API.

>>> from helo import site
>>> site.policy_file("mail.conf")                                    # doctest: +SKIP
>>> site.set_key("tls", "always")                                    # doctest: +SKIP
>>> watching = site.watch(lambda traffic: print(traffic.text))       # doctest: +SKIP

A ``face`` says whose: ``Face.ALL`` is the whole process. ``handle`` is one of that API as C has it, or 0 for all.
``Delivery.set_key`` and ``Connection.set_key`` set keys for theirs.
"""

import collections
import ctypes
import os
import sys
from typing import NamedTuple, Optional

from ._pieces import decode, text
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
    def text(self):
        """The octets as text."""
        return decode(self.octets)


class Failure(NamedTuple):
    """Where and why the last failing call of this thread failed."""

    phase: Phase
    cause: Cause
    code: int
    """The reply code that decided it; 0 if no reply did."""
    enhanced: Optional[str]


def policy_file(path):
    """From now on this policy file holds for the process; None: the one that is found outside again."""
    _call("helo_policy_file", None if path is None else os.fsencode(path))


def policy_text(policy):
    """The same with the text of a policy."""
    _call("helo_policy_text", None if policy is None else text(policy))


def set_key(key, value, face=Face.ALL, handle=0):
    """Sets a key of the policy for connections that begin afterwards; None: what the file says holds again."""
    value = None if value is None else text(value)
    _call("helo_set_key", face, ctypes.c_void_p(handle), text(key), value)


def watch(function, face=Face.ALL, handle=0):
    """Shows all traffic to ``function``, as a ``Traffic``, until the ``Watch`` that this gives is closed. An exception
    of the function is printed and changes nothing."""
    return Watch(function, face, handle)


class Watch:
    """Shows traffic to a function for as long as it is open. There is one for each handle, each API and the process: a
    later one takes its place."""

    def __init__(self, function, face, handle):
        self._where = (face, ctypes.c_void_p(handle))

        def show(_user, traffic):
            try:
                seen = traffic.contents
                octets = seen.bytes[: seen.length]
                function(Traffic(Face(seen.face), seen.handle or 0, seen.connection, Trace(seen.what), octets))
            except Exception:  # it must not go through the library
                sys.excepthook(*sys.exc_info())

        self._function = raw.TrafficFn(show)
        _call("helo_watch", *self._where, self._function, None)
        _open.add(self)

    def close(self):
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

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.close()


# What the library may call: who is not closed, and the last that were, since a call may still be at work then.
_open = set()
_ended = collections.deque(maxlen=256)


def last_failure():
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


def _call(function, *arguments):
    status = getattr(raw, function)(*arguments)
    if status != Status.OK:
        raise HeloError(function, status)
