"""Calls of the library that may wait, and what can come in between: signals, exceptions of the program's functions, the
interpreter's end, and fork.

A C function does not come back to the interpreter before it is done. So the library calls ``_turn`` while it waits on
the main thread, the only one on which Python handles signals: what a handler raises there is kept, ends the call, and
is raised again when the call has come back. The same holds for what the program's functions raise."""

from __future__ import annotations

import atexit
import ctypes
import os
import sys
import threading
import time
import types
from typing import Callable, Optional, TypeVar

from ._library import library

INTERVAL_MS = 100
"""How often signals are looked at while a call waits."""

END_WITHIN = 5.0
"""How many seconds calls have to come back when the interpreter ends."""

Returned = TypeVar("Returned")

WaitFn = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)


def from_the_first_instruction(function: Callable[..., Returned]) -> Callable[..., Returned]:
    """The same function, whose body is one ``try``, with that ``try`` around its very beginning as well.

    Since Python 3.11 a signal that has come is handled when a function is entered, before the ``try`` that it begins
    with. For a function that C has called that is always so: what the handler raises would be printed and lost, and C
    would get a value that nobody has chosen. Where a ``try`` begins is said by a table of the code object; its first
    entry is moved to the beginning. Before 3.11 there is no such table, and no need."""
    code = function.__code__
    table: bytes = getattr(code, "co_exceptiontable", b"")
    if not table:
        return function
    start, at = _number(table, 0)
    length, at = _number(table, at)
    # An entry's first octet is marked.
    moved = b"\x80" + _octets(start + length) + table[at:]
    return types.FunctionType(
        code.replace(co_exceptiontable=moved),
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )


def _number(table: bytes, at: int) -> tuple[int, int]:
    """A number of the table and where the next one begins: 6 bits an octet, the highest first, 0x40 where more
    follow."""
    number = 0
    while True:
        number = number << 6 | table[at] & 0x3F
        at += 1
        if not table[at - 1] & 0x40:
            return number, at


def _octets(number: int) -> bytes:
    octets = [number & 0x3F]
    while number := number >> 6:
        octets.append(number & 0x3F | 0x40)
    return bytes(reversed(octets))


class Call:
    """A call of the library that may wait, on this thread.

    ``cancel`` ends it, from this thread or another; it may be called more than once, and when nothing runs any more.
    ``caught`` is what a signal's handler or a function of the program has raised meanwhile.
    """

    def __init__(self, cancel: Callable[[], object]):
        self.cancel = cancel
        self.caught: Optional[BaseException] = None
        self.thread = threading.get_ident()

    def keep(self, caught: BaseException) -> None:
        """Keeps an exception for the time when the call is over, and ends it."""
        if self.caught is None:
            self.caught = caught
        self.cancel()

    def run(self, function: Callable[..., int], *arguments: object) -> int:
        """What the function returns. The caller looks at ``caught`` then, or calls ``raise_caught``."""
        calls = _here.calls
        depth = len(calls)
        watches = depth == 0 and self.thread == threading.main_thread().ident
        # A signal's handler may raise between any two lines: nothing is locked, and what must be undone is so first.
        try:
            calls.append(self)
            _active.add(self)
            end_thread()
            if watches:
                _on_wait(_turn, None, INTERVAL_MS)
            return function(*arguments)
        finally:
            del calls[depth:]
            _active.discard(self)
            if watches:
                _on_wait(NOTHING, None, 0)
            end_thread()

    def raise_caught(self) -> None:
        """Raises what came in between."""
        caught, self.caught = self.caught, None
        if caught is not None:
            try:
                raise caught
            finally:
                # The exception holds this frame: it must not hold the exception.
                del caught


def guarded(
    function: Callable[..., Returned], failed: Returned, keep: Callable[[BaseException], object]
) -> Callable[..., Returned]:
    """A function of the program for C to call: what it raises goes to ``keep``, and C gets ``failed``. After a signal
    in its middle C gets that as well."""

    def called(*arguments: object) -> Returned:
        try:
            returned = function(*arguments)
            calls = _here.calls
            if calls and calls[-1].caught is not None:
                # Kept on the way, by a call within this one: this one ends as well.
                calls[-1].cancel()
                return failed
            return returned
        except BaseException as caught:
            keep(caught)
            return failed

    return from_the_first_instruction(called)


def current() -> Optional[Call]:
    """The innermost call on this thread."""
    calls = _here.calls
    return calls[-1] if calls else None


def at_end(begin: Callable[[], object], finished: Callable[[], bool] = lambda: True) -> None:
    """``begin`` is called when the interpreter ends, again and again until ``finished`` is true or the time is over."""
    _ends.append((begin, finished))


def in_child(forget: Callable[[], object]) -> None:
    """``forget`` is called in a child made by fork, which has none of its parent's threads."""
    _forgets.append(forget)


class _Here(threading.local):
    """Made on each thread that comes here, when it first does."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        if _FORK_HANGS and threading.get_ident() not in threading._active:  # type: ignore[attr-defined]
            ctypes.pythonapi.PyGILState_Ensure()


# Before 3.12 a child made by fork waits for ever if another thread is being made known to the interpreter, or forgotten by
# it, at that very moment (PyOS_AfterFork_Child takes the lock on its threads before it renews it). Threads of the library
# would be so for each callback; they stay known instead, from the first on.
_FORK_HANGS = sys.implementation.name == "cpython" and sys.version_info < (3, 12) and hasattr(os, "fork")


_here = _Here()
_active: set[Call] = set()
_changed = threading.Event()
_ends: list[tuple[Callable[[], object], Callable[[], bool]]] = []
_forgets: list[Callable[[], object]] = []
_ender: Optional[int] = None
"""The thread that ends the interpreter, once it does."""


def _check_signals(_user: object) -> int:
    call = current()
    if call is not None and call.caught is not None:
        return 1
    # Handlers have run on the way here already; this is for those that have not.
    ctypes.pythonapi.PyErr_CheckSignals()
    return 0


def _keep_here(caught: BaseException) -> None:
    call = current()
    if call is not None and call.caught is None:
        # Not cancelled by this: the library is told by what the function returns.
        call.caught = caught


_turn = WaitFn(guarded(_check_signals, 1, _keep_here))
NOTHING = WaitFn()

_on_wait: Callable[..., int] = library().helo_on_wait
library().helo_on_wait.argtypes = [WaitFn, ctypes.c_void_p, ctypes.c_uint32]
library().helo_on_wait.restype = ctypes.c_int


def end_thread() -> None:
    """Once the interpreter ends there is no more use of the library on other threads: they are over. What fails there
    fails since its end has begun, and interests nobody."""
    if _ender is not None and threading.get_ident() != _ender:
        _changed.set()
        raise SystemExit


@atexit.register
def _end() -> None:
    """The interpreter ends: the library must not call functions of one that is gone, and threads that it takes away
    must not be in the library's middle."""
    global _ender
    _ender = threading.get_ident()
    until = time.monotonic() + END_WITHIN
    # Who has the interpreter keeps it for longer: nobody is stopped between his last word and his return to C.
    interval = sys.getswitchinterval()
    sys.setswitchinterval(0.02)
    try:
        while time.monotonic() < until:
            _changed.clear()
            others = [call for call in list(_active) if call.thread != _ender]
            for call in others:
                call.cancel()
            for begin, _ in _ends:
                begin()
            if not others and all(finished() for _, finished in _ends):
                break
            _changed.wait(0.02)
    finally:
        sys.setswitchinterval(interval)


def _forget() -> None:
    global _changed
    _changed = threading.Event()
    here = set(_here.calls)
    for call in here:
        call.thread = threading.get_ident()
    _active.intersection_update(here)
    for forget in _forgets:
        forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
