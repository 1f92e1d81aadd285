"""Send mail through libhelo.

Nothing is compiled: the package calls the shared library by ctypes. The library is looked for

1. where the environment variable ``HELO_LIBRARY`` says (the file itself),
2. in the folder of this package,
3. where the system looks for libraries.

``helo.distinct`` has the API of Distinct SMTP-32, function by function and as a Python class; ``helo.native`` the
library's own; ``helo.site`` the site's policy and a look at the traffic, for both.
"""

from ._library import LibraryNotFound, library, version

__all__ = ["LibraryNotFound", "library", "version"]
__version__ = "0.1.0"
