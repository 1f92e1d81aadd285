"""The tests of the package: python -m unittest discover -s python/tests -t python"""

from . import support  # noqa: F401  names the library before anything loads it
