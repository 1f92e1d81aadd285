"""The functions of helo.h as C has them.

A callback handed over must be kept alive for as long as the library may call it; a NULL callback is an empty one:
``ResultFn()``. ``Delivery`` sees to both.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import POINTER, Structure, c_char, c_char_p, c_int, c_size_t, c_ssize_t, c_uint32, c_uint64, c_void_p

from .._library import library


class helo_result(Structure):
    """What became of one recipient of one mail."""

    _fields_ = [
        ("size", c_size_t),
        ("mail", c_uint32),
        ("recipient", c_uint32),
        ("delivered", c_int),
        ("cause", c_int),
        ("phase", c_int),
        ("code", c_int),
        ("enhanced_class", c_int),
        ("enhanced_subject", c_int),
        ("enhanced_detail", c_int),
        ("text", c_char_p),
    ]


class helo_progress(Structure):
    """How a run stands."""

    _fields_ = [
        ("size", c_size_t),
        ("mails", c_uint64),
        ("mails_done", c_uint64),
        ("delivered", c_uint64),
        ("failed", c_uint64),
        ("bytes_sent", c_uint64),
    ]


class helo_traffic(Structure):
    """What passes over a connection."""

    _fields_ = [
        ("size", c_size_t),
        ("face", c_int),
        ("connection", c_uint32),
        ("handle", c_void_p),
        ("what", c_int),
        ("bytes", POINTER(c_char)),
        ("length", c_size_t),
    ]


class helo_failure(Structure):
    """Where and why the last failing call of this thread failed."""

    _fields_ = [
        ("size", c_size_t),
        ("phase", c_int),
        ("cause", c_int),
        ("code", c_int),
        ("enhanced_class", c_int),
        ("enhanced_subject", c_int),
        ("enhanced_detail", c_int),
    ]


ResultFn = ctypes.CFUNCTYPE(None, c_void_p, POINTER(helo_result))
ProgressFn = ctypes.CFUNCTYPE(None, c_void_p, POINTER(helo_progress))
TraceFn = ctypes.CFUNCTYPE(None, c_void_p, c_uint32, c_int, POINTER(c_char), c_size_t)
WaitFn = ctypes.CFUNCTYPE(c_int, c_void_p)
TrafficFn = ctypes.CFUNCTYPE(None, c_void_p, POINTER(helo_traffic))
ReadFn = ctypes.CFUNCTYPE(c_ssize_t, c_void_p, c_void_p, c_size_t)
WriteFn = ctypes.CFUNCTYPE(c_ssize_t, c_void_p, POINTER(c_char), c_size_t)
CloseFn = ctypes.CFUNCTYPE(None, c_void_p, c_int)


class helo_transport(Structure):
    """A connection that the program has made."""

    _fields_ = [
        ("size", c_size_t),
        ("user", c_void_p),
        ("read", ReadFn),
        ("write", WriteFn),
        ("close", CloseFn),
        ("descriptor", c_ssize_t),
        ("retry_ms", c_uint32),
    ]


class helo_facts(Structure):
    """What is known of a session of a server, and of its mail."""

    _fields_ = [
        ("size", c_size_t),
        ("server", c_uint32),
        ("session", c_uint64),
        ("peer", c_char_p),
        ("local", c_char_p),
        ("hello", c_char_p),
        ("user", c_char_p),
        ("tls", c_char_p),
        ("about", c_char_p),
        ("about_parameters", c_char_p),
        ("mail", c_char_p),
        ("protocol", c_int),
        ("sender", c_char_p),
        ("parameters", c_char_p),
        ("body", c_int),
        ("utf8", c_int),
        ("declared", c_uint64),
        ("octets", c_uint64),
        ("count", c_uint32),
        ("recipients", POINTER(c_char_p)),
        ("recipient_parameters", POINTER(c_char_p)),
    ]


class helo_server_counts(Structure):
    """What has happened since a server was made."""

    _fields_ = [
        ("size", c_size_t),
        ("open", c_uint64),
        ("sessions", c_uint64),
        ("mails", c_uint64),
        ("octets", c_uint64),
        ("refused", c_uint64),
        ("logins", c_uint64),
        ("logins_failed", c_uint64),
        ("tls", c_uint64),
        ("tls_failed", c_uint64),
        ("timeouts", c_uint64),
        ("lost", c_uint64),
        ("reloads", c_uint64),
        ("reloads_failed", c_uint64),
    ]


AskFn = ctypes.CFUNCTYPE(c_int, c_void_p, c_int, POINTER(helo_facts), POINTER(c_char), c_size_t)
BeginFn = ctypes.CFUNCTYPE(c_int, c_void_p, POINTER(helo_facts), POINTER(c_void_p), POINTER(c_char), c_size_t)
DataFn = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_size_t, POINTER(c_char), c_size_t)
EndFn = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p, POINTER(c_char), c_size_t)
RecipientFn = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p, c_uint32, POINTER(c_char), c_size_t)
CloseMailFn = ctypes.CFUNCTYPE(None, c_void_p, c_void_p, c_int)
LookUpFn = ctypes.CFUNCTYPE(c_int, c_void_p, c_char_p, POINTER(c_char), c_size_t)
PasswordFn = ctypes.CFUNCTYPE(c_int, c_void_p, c_char_p, c_char_p)
TokenFn = ctypes.CFUNCTYPE(c_int, c_void_p, c_char_p, c_char_p, POINTER(c_char), c_size_t)
LogFn = ctypes.CFUNCTYPE(None, c_void_p, c_int, c_uint64, c_char_p)
StoredFn = ctypes.CFUNCTYPE(None, c_void_p, POINTER(helo_facts), c_void_p, c_size_t)


class helo_spool(Structure):
    """Functions that take a server's mail."""

    _fields_ = [
        ("size", c_size_t),
        ("user", c_void_p),
        ("begin", BeginFn),
        ("data", DataFn),
        ("end", EndFn),
        ("recipient", RecipientFn),
        ("close", CloseMailFn),
    ]


class helo_users(Structure):
    """Functions that know a server's users."""

    _fields_ = [
        ("size", c_size_t),
        ("user", c_void_p),
        ("look_up", LookUpFn),
        ("password", PasswordFn),
        ("token", TokenFn),
        ("keeps_passwords", c_int),
    ]


DELIVERY = c_uint32
SERVER = c_uint32
FOREVER = 0xFFFFFFFF

FUNCTIONS: list[str] = []
"""The names of all functions."""


def _number(name: str, result: type[ctypes._SimpleCData[int]], *parameters: type) -> Callable[..., int]:
    """A function that returns a number."""
    function = getattr(library(), name)
    function.restype = result
    function.argtypes = parameters
    FUNCTIONS.append(name)
    number: Callable[..., int] = function
    return number


def _words(name: str, *parameters: type) -> Callable[..., bytes]:
    """A function that returns a text, never NULL."""
    function = getattr(library(), name)
    function.restype = c_char_p
    function.argtypes = parameters
    FUNCTIONS.append(name)
    words: Callable[..., bytes] = function
    return words


helo_new = _number("helo_new", DELIVERY, c_char_p)
helo_free = _number("helo_free", c_int, DELIVERY)
helo_clear = _number("helo_clear", c_int, DELIVERY)
helo_set_level = _number("helo_set_level", c_int, DELIVERY, c_int)
helo_set_connections = _number("helo_set_connections", c_int, DELIVERY, c_uint32)
helo_set_window = _number("helo_set_window", c_int, DELIVERY, c_uint32, c_uint64)
helo_set_timeout = _number("helo_set_timeout", c_int, DELIVERY, c_int, c_uint32)
helo_set_hello_name = _number("helo_set_hello_name", c_int, DELIVERY, c_char_p)
helo_set_login = _number("helo_set_login", c_int, DELIVERY, c_char_p, c_char_p)
helo_on_result = _number("helo_on_result", c_int, DELIVERY, ResultFn, c_void_p)
helo_on_progress = _number("helo_on_progress", c_int, DELIVERY, ProgressFn, c_void_p)
helo_on_trace = _number("helo_on_trace", c_int, DELIVERY, TraceFn, c_void_p)
helo_cancel = _number("helo_cancel", c_int, DELIVERY)
helo_add_mail = _number("helo_add_mail", c_int, DELIVERY, c_char_p, POINTER(c_uint32))
helo_add_recipient = _number("helo_add_recipient", c_int, DELIVERY, c_uint32, c_char_p, POINTER(c_uint32))
helo_set_mail_parameter = _number("helo_set_mail_parameter", c_int, DELIVERY, c_uint32, c_char_p)
helo_set_recipient_parameter = _number("helo_set_recipient_parameter", c_int, DELIVERY, c_uint32, c_uint32, c_char_p)
helo_set_body = _number("helo_set_body", c_int, DELIVERY, c_uint32, c_char_p, c_size_t)
helo_set_body_file = _number("helo_set_body_file", c_int, DELIVERY, c_uint32, c_char_p)
helo_set_body_callback = _number("helo_set_body_callback", c_int, DELIVERY, c_uint32, ReadFn, c_void_p)
helo_xtext = _number("helo_xtext", c_size_t, c_char_p, c_char_p, c_size_t)
helo_add_transport = _number("helo_add_transport", c_int, DELIVERY, POINTER(helo_transport))
helo_wake = _number("helo_wake", c_int, DELIVERY)
helo_on_wait = _number("helo_on_wait", c_int, WaitFn, c_void_p, c_uint32)
helo_run = _number("helo_run", c_int, DELIVERY)
helo_get_result = _number("helo_get_result", c_int, DELIVERY, c_uint32, c_uint32, POINTER(helo_result))
helo_get_progress = _number("helo_get_progress", c_int, DELIVERY, POINTER(helo_progress))
helo_send_file = _number("helo_send_file", c_int, c_char_p, c_char_p, POINTER(c_char_p), c_size_t, c_char_p)
helo_policy_file = _number("helo_policy_file", c_int, c_char_p)
helo_policy_text = _number("helo_policy_text", c_int, c_char_p)
helo_set_key = _number("helo_set_key", c_int, c_int, c_void_p, c_char_p, c_char_p)
helo_watch = _number("helo_watch", c_int, c_int, c_void_p, TrafficFn, c_void_p)
helo_last_failure = _number("helo_last_failure", c_int, POINTER(helo_failure))
helo_server_new = _number("helo_server_new", SERVER)
helo_server_free = _number("helo_server_free", c_int, SERVER)
helo_server_set = _number("helo_server_set", c_int, SERVER, c_char_p, c_char_p)
helo_server_config_file = _number("helo_server_config_file", c_int, SERVER, c_char_p)
helo_server_config_text = _number("helo_server_config_text", c_int, SERVER, c_char_p)
helo_server_on_ask = _number("helo_server_on_ask", c_int, SERVER, c_int, AskFn, c_void_p)
helo_server_on_log = _number("helo_server_on_log", c_int, SERVER, LogFn, c_void_p)
helo_server_set_spool = _number("helo_server_set_spool", c_int, SERVER, POINTER(helo_spool))
helo_server_set_users = _number("helo_server_set_users", c_int, SERVER, POINTER(helo_users))
helo_server_start = _number("helo_server_start", c_int, SERVER)
helo_server_stop = _number("helo_server_stop", c_int, SERVER, c_uint32)
helo_server_wait = _number("helo_server_wait", c_int, SERVER, c_uint32)
helo_server_address = _number("helo_server_address", c_size_t, SERVER, c_uint32, POINTER(c_char), c_size_t)
helo_server_port = _number("helo_server_port", c_int, SERVER, c_uint32)
helo_server_get_counts = _number("helo_server_get_counts", c_int, SERVER, POINTER(helo_server_counts))
helo_server_serve = _number("helo_server_serve", c_int, SERVER, c_ssize_t, c_int, POINTER(c_uint64))
helo_server_serve_transport = _number(
    "helo_server_serve_transport", c_int, SERVER, POINTER(helo_transport), c_int, POINTER(c_uint64)
)
helo_server_wake = _number("helo_server_wake", c_int, SERVER)
helo_server_reload = _number("helo_server_reload", c_int, SERVER)
helo_server_status = _number("helo_server_status", c_size_t, SERVER, POINTER(c_char), c_size_t)
helo_server_mail_count = _number("helo_server_mail_count", c_uint32, SERVER)
helo_server_wait_mails = _number("helo_server_wait_mails", c_int, SERVER, c_uint32, c_uint32)
helo_server_get_mail = _number("helo_server_get_mail", c_int, SERVER, c_uint32, StoredFn, c_void_p)
helo_server_clear_mails = _number("helo_server_clear_mails", c_int, SERVER)
helo_last_error = _words("helo_last_error")
helo_version = _words("helo_version")
helo_cause_name = _words("helo_cause_name", c_int)
helo_phase_name = _words("helo_phase_name", c_int)
helo_status_name = _words("helo_status_name", c_int)
