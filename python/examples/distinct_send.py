"""Sends a message file through the Distinct SMTP-32 API, with plain ctypes and a debug callback.

    HELO_LIBRARY=target/release/libhelo.so python distinct_send.py HOST[:PORT] SENDER RECIPIENT MESSAGE-FILE

It needs no package, only the shared library: this is what a program in any language does that can call C. With the
package `helo` beside it, `helo.distinct.Connection` does the same in four lines.
"""

import ctypes
import os
import socket
import sys
from typing import Any

SMTP_SUCCESS = 0
GLOBALHANDLE = ctypes.c_size_t
# On 32-bit Windows the functions and the callbacks are WINAPI (stdcall).
LIBRARY = getattr(ctypes, "WinDLL", ctypes.CDLL)
CALLBACK = getattr(ctypes, "WINFUNCTYPE", ctypes.CFUNCTYPE)
BufferProc = CALLBACK(ctypes.c_int, GLOBALHANDLE, ctypes.POINTER(ctypes.c_char), ctypes.c_int, ctypes.c_size_t)


def main(host: str, sender: str, recipient: str, path: str) -> None:
    smtp = LIBRARY(os.environ["HELO_LIBRARY"])
    smtp.smtp_helo.argtypes = [
        ctypes.c_char_p,
        ctypes.c_char_p,
        ctypes.POINTER(GLOBALHANDLE),
        BufferProc,
        ctypes.c_size_t,
    ]
    for name in ("smtp_mail", "smtp_rcpt"):
        getattr(smtp, name).argtypes = [GLOBALHANDLE, ctypes.c_char_p]
    smtp.smtp_data.argtypes = [GLOBALHANDLE, BufferProc]
    smtp.smtp_rply.argtypes = [GLOBALHANDLE, ctypes.c_char_p, ctypes.c_int, ctypes.POINTER(ctypes.c_int)]
    smtp.smtp_quit.argtypes = [GLOBALHANDLE]

    # A callback must stay in a variable for as long as the library may call it.
    def show(handle: int, octets: Any, length: int, param: int) -> int:
        sys.stderr.write(octets[:length].decode("utf-8", "replace"))
        return 0

    debug = BufferProc(show)

    def check(what: str, status: int, handle: ctypes.c_size_t) -> None:
        if status != SMTP_SUCCESS:
            reply, code = ctypes.create_string_buffer(1024), ctypes.c_int(0)
            smtp.smtp_rply(handle, reply, len(reply), ctypes.byref(code))
            smtp.smtp_quit(handle)
            sys.exit(f"{what} failed with status {status}; the server said: {reply.value.decode('utf-8', 'replace')}")

    handle = GLOBALHANDLE(0)
    check(
        "smtp_helo",
        smtp.smtp_helo(host.encode(), socket.gethostname().encode(), ctypes.byref(handle), debug, 0),
        handle,
    )
    with open(path, "rb") as message:

        def fill(handle: int, buffer: Any, size: int, param: int) -> int:
            part = message.read(size)
            ctypes.memmove(buffer, part, len(part))
            return len(part)

        data = BufferProc(fill)

        check("smtp_mail", smtp.smtp_mail(handle, sender.encode()), handle)
        check("smtp_rcpt", smtp.smtp_rcpt(handle, recipient.encode()), handle)
        check("smtp_data", smtp.smtp_data(handle, data), handle)
    smtp.smtp_quit(handle)


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
