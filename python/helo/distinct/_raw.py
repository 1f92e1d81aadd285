"""The 22 functions as C has them, with the types of d32-smtp.h and d32-fw.h.

A callback handed over must be kept alive for as long as the library may call it: ctypes frees the C function
when its Python object goes. ``Connection`` does that; who calls these functions does it himself. A NULL callback is
an empty one: ``DebugProc()``.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import POINTER, c_char, c_char_p, c_int, c_size_t, c_ubyte, c_ushort, c_void_p

from .._library import WinFunction, win_library

GLOBALHANDLE = c_size_t
"""Pointer-sized; never 0 for a connection."""

DWORD_PTR = c_size_t
"""The application's parameter, wide enough for a pointer."""

DebugProc = WinFunction(c_int, GLOBALHANDLE, POINTER(c_char), c_int, DWORD_PTR)
"""Gets a copy of what goes over the wire: handle, octets, how many, lParam."""

DataProc = WinFunction(c_int, GLOBALHANDLE, POINTER(c_char), c_int, DWORD_PTR)
"""Fills a buffer: handle, buffer, its size, lParam. Returns how many octets; 0 at the end, -1 to abort."""

LineProc = WinFunction(c_int, GLOBALHANDLE, POINTER(c_char), c_int, DWORD_PTR)
"""Gets a line of a listing: handle, line, its length, lParam. Returns -1 to abort."""

StatusProc = WinFunction(c_int, GLOBALHANDLE, c_int, DWORD_PTR)
"""Gets the result of smtp_xhelo: handle, result, lParam."""

YieldProc = WinFunction(c_int)
"""Called again and again while a call waits."""


class fw_param(ctypes.Structure):
    """How to reach the server through a SOCKS proxy."""

    _fields_ = [
        ("methods", c_char_p),
        ("n_methods", c_ubyte),
        ("addr_type", c_ubyte),
        ("domain_name", c_char_p),
        ("fw_host", c_char_p),
        ("dest_host", c_char_p),
        ("fw_port", c_ushort),
        ("dest_port", c_ushort),
        ("username", c_char_p),
        ("passwd", c_char_p),
        ("socks_ver", c_int),
        ("reserved", c_char * (256 - 6 * ctypes.sizeof(c_char_p) - 2 - 4 - ctypes.sizeof(c_int))),
    ]


FUNCTIONS: list[str] = []
"""The names of all functions."""


def _function(name: str, *parameters: type) -> Callable[..., int]:
    """A function; all return an int."""
    function = getattr(win_library(), name)
    function.argtypes = parameters
    function.restype = c_int
    FUNCTIONS.append(name)
    declared: Callable[..., int] = function
    return declared


smtp_helo = _function("smtp_helo", c_char_p, c_char_p, POINTER(GLOBALHANDLE), DebugProc, DWORD_PTR)
smtp_xhelo = _function("smtp_xhelo", c_char_p, c_char_p, POINTER(GLOBALHANDLE), DebugProc, StatusProc, DWORD_PTR)
smtp_fw_helo = _function("smtp_fw_helo", c_char_p, POINTER(GLOBALHANDLE), DebugProc, DWORD_PTR, POINTER(fw_param))
smtp_mail = _function("smtp_mail", GLOBALHANDLE, c_char_p)
smtp_send = _function("smtp_send", GLOBALHANDLE, c_char_p)
smtp_saml = _function("smtp_saml", GLOBALHANDLE, c_char_p)
smtp_soml = _function("smtp_soml", GLOBALHANDLE, c_char_p)
smtp_rcpt = _function("smtp_rcpt", GLOBALHANDLE, c_char_p)
smtp_data = _function("smtp_data", GLOBALHANDLE, DataProc)
smtp_data_buf = _function("smtp_data_buf", GLOBALHANDLE, c_char_p, c_int)
smtp_rply = _function("smtp_rply", GLOBALHANDLE, c_char_p, c_int, POINTER(c_int))
smtp_opts = _function("smtp_opts", GLOBALHANDLE, c_ushort, DWORD_PTR)
smtp_quit = _function("smtp_quit", GLOBALHANDLE)
smtp_xquit = _function("smtp_xquit", GLOBALHANDLE)
smtp_rset = _function("smtp_rset", GLOBALHANDLE)
smtp_noop = _function("smtp_noop", GLOBALHANDLE)
smtp_vrfy = _function("smtp_vrfy", GLOBALHANDLE, c_char_p)
smtp_expn = _function("smtp_expn", GLOBALHANDLE, c_char_p, LineProc)
smtp_help = _function("smtp_help", GLOBALHANDLE, c_char_p, LineProc)
smtp_turn = _function("smtp_turn", GLOBALHANDLE)
smtp_direct = _function("smtp_direct", GLOBALHANDLE, c_char_p, c_char_p, POINTER(c_int))
smtp_date = _function("smtp_date", c_char_p)


def address_of(callback: ctypes._FuncPointer) -> int:
    """A callback's address as a number, as smtp_opts takes it; 0 for an empty one."""
    return ctypes.cast(callback, c_void_p).value or 0
