"""Finding the shared library. Each case runs in a process of its own: a library is loaded once."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from .support import ROOT

LIBRARY = os.environ["HELO_LIBRARY"]


def run(code, package=ROOT / "python", **environment):
    """What a Python program prints, with these variables besides the ones that are always there."""
    plain = {name: value for name, value in os.environ.items() if name != "HELO_LIBRARY"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**plain, "PYTHONPATH": str(package), "PYTHONDONTWRITEBYTECODE": "1", **environment},
        cwd=package,  # which is searched before PYTHONPATH
        capture_output=True,
        text=True,
    )
    return done.stdout + done.stderr


class Finding(unittest.TestCase):
    def test_the_variable_names_the_file(self):
        shown = run("import helo; print(helo.version())", HELO_LIBRARY=LIBRARY)
        self.assertRegex(shown, r"^\d+\.\d+\.\d+\n$")

    def test_the_package_and_the_library_have_one_version(self):
        self.assertEqual(run("import helo; print(helo.version() == helo.__version__)", HELO_LIBRARY=LIBRARY), "True\n")

    def test_a_file_that_is_not_there_is_named(self):
        shown = run("import helo; helo.version()", HELO_LIBRARY="/nowhere/libhelo.so")
        self.assertIn("LibraryNotFound: HELO_LIBRARY names '/nowhere/libhelo.so', which is not a file", shown)

    def test_a_file_that_is_no_library_is_named(self):
        shown = run("import helo; helo.version()", HELO_LIBRARY=__file__)
        self.assertRegex(shown, f"LibraryNotFound: {__file__} cannot be used: ")

    def test_the_folder_of_the_package_comes_next(self):
        with tempfile.TemporaryDirectory() as folder:
            package = pathlib.Path(folder) / "helo"
            shutil.copytree(ROOT / "python" / "helo", package)
            shutil.copy(LIBRARY, package / "libhelo.so")
            shown = run("import helo, helo._library as l; print(helo.version(), l.find())", package=folder)
            self.assertIn(str(package / "libhelo.so"), shown)
            self.assertNotIn("Traceback", shown)

    def test_without_a_library_the_error_says_what_to_do(self):
        hide = "import ctypes.util; ctypes.util.find_library = lambda name: None; import helo; "
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(ROOT / "python" / "helo", pathlib.Path(folder) / "helo")
            shown = run(hide + "helo.version()", package=folder)
        self.assertIn("install it (make install) or name the file in the environment variable HELO_LIBRARY", shown)
