"""Finding and loading the shared library, once."""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
import os
import pathlib
import sys
from typing import Optional

VARIABLE = "HELO_LIBRARY"

if sys.platform == "win32":
    FILE_NAMES = ("helo.dll", "libhelo.dll")
elif sys.platform == "darwin":
    FILE_NAMES = ("libhelo.dylib",)
else:
    FILE_NAMES = ("libhelo.so", "libhelo.so.0")

# The old APIs are WINAPI functions: stdcall on 32-bit Windows, the usual convention everywhere else.
WinLibrary: type[ctypes.CDLL] = getattr(ctypes, "WinDLL", ctypes.CDLL)
WinFunction = getattr(ctypes, "WINFUNCTYPE", ctypes.CFUNCTYPE)


class LibraryNotFound(ImportError):
    """The shared library is nowhere to be found; the text says where it was looked for."""


def find() -> str:
    """The path (or, for the system's loader, the name) of the shared library."""
    named = os.environ.get(VARIABLE)
    if named:
        if not os.path.isfile(named):
            raise LibraryNotFound(f"{VARIABLE} names {named!r}, which is not a file")
        # A bare file name would send the loader searching instead.
        return os.path.abspath(named)
    folder = pathlib.Path(__file__).resolve().parent
    for name in FILE_NAMES:
        if (folder / name).is_file():
            return str(folder / name)
    for name in ("helo", "libhelo"):
        found = ctypes.util.find_library(name)
        if found:
            return found
    raise LibraryNotFound(
        f"the shared library ({FILE_NAMES[0]}) is neither beside the package in {folder} nor known to the system; "
        f"install it (make install) or name the file in the environment variable {VARIABLE}"
    )


def _load(kind: type[ctypes.CDLL]) -> ctypes.CDLL:
    path = find()
    try:
        loaded = kind(path)
        getattr(loaded, "helo_version")  # noqa: B009  a library of another kind lacks it
    except (OSError, AttributeError) as error:
        raise LibraryNotFound(f"{path} cannot be used: {error}") from error
    return loaded


@functools.cache
def library() -> ctypes.CDLL:
    """The library for functions of the C calling convention (``helo.h``)."""
    loaded = _load(ctypes.CDLL)
    loaded.helo_version.restype = ctypes.c_char_p
    loaded.helo_version.argtypes = []
    loaded.helo_last_error.restype = ctypes.c_char_p
    loaded.helo_last_error.argtypes = []
    return loaded


@functools.cache
def win_library() -> ctypes.CDLL:
    """The same library for functions of the WINAPI calling convention."""
    return _load(WinLibrary)


def version() -> str:
    """The library's version, such as "0.1.0"."""
    words: bytes = library().helo_version()
    return words.decode("ascii")


def last_error() -> str:
    """Why the last call that failed on this thread did, in words; "" if none has."""
    words: Optional[bytes] = library().helo_last_error()
    return words.decode("utf-8", "replace") if words else ""
