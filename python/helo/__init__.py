"""Send mail through libhelo.

Nothing is compiled: the package calls the shared library by ctypes. The library is looked for

1. where the environment variable ``HELO_LIBRARY`` says (the file itself),
2. in the folder of this package,
3. where the system looks for libraries.

``helo.distinct`` has the API of Distinct SMTP-32, function by function and as a Python class; ``helo.native`` the
library's own; ``helo.site`` the site's policy and a look at the traffic, for both. ``helo.Server`` takes mail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._library import LibraryNotFound, library, version

if TYPE_CHECKING:
    from .server import Refused, Server

__all__ = ["LibraryNotFound", "Refused", "Server", "library", "version"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    # Loads the library, which those who want its version only, or to hear that there is none, do without.
    if name in ("Refused", "Server"):
        from . import server

        return getattr(server, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
