"""The package's numbers and functions against the C headers and the lists of exported names."""

import ctypes
import re
import unittest

from helo import distinct, native
from helo.distinct import _constants
from helo.distinct import _raw as distinct_raw
from helo.native import _raw as native_raw

from .support import ROOT


def defines(*headers):
    """The numbers that these headers define."""
    text = "".join((ROOT / "include" / header).read_text() for header in headers)
    return {name: int(value) for name, value in re.findall(r"^#define (\w+) \(?(-?\d+)\)?$", text, re.MULTILINE)}


def exports(face):
    """The names that a face exports."""
    text = (ROOT / "src" / "faces" / face / "exports.txt").read_text()
    return {line.split("#")[0].strip() for line in text.split("\n")} - {""}


class Distinct(unittest.TestCase):
    def test_constants_are_those_of_the_headers(self):
        expected = {
            name: value
            for name, value in defines("distinct/d32-smtp.h", "distinct/d32-fw.h").items()
            if name.startswith(("SMTP_", "OPT_", "FW_"))
        }
        ours = {name: value for name, value in vars(_constants).items() if name.isupper()}
        self.assertEqual(ours, expected)

    def test_every_function_is_declared(self):
        self.assertEqual(set(distinct_raw.FUNCTIONS), exports("distinct"))
        self.assertEqual(len(distinct_raw.FUNCTIONS), 22)
        for name in distinct_raw.FUNCTIONS:
            self.assertTrue(callable(getattr(distinct, name)))

    def test_the_structs_size_is_the_one_that_the_header_asserts(self):
        self.assertEqual(ctypes.sizeof(distinct.fw_param), 272 if ctypes.sizeof(ctypes.c_void_p) == 8 else 260)


class Native(unittest.TestCase):
    def test_numbers_are_those_of_the_header(self):
        text = (ROOT / "include" / "helo" / "helo.h").read_text()
        header = {name: int(value) for name, value in re.findall(r"\b(HELO_[A-Z_]+) = (\d+)", text)}
        ours = {f"HELO_{status.name}": status.value for status in native.Status}
        kinds = (native.Cause, native.Phase, native.Level, native.Trace, native.Face)
        for kind in (*kinds, native.Ask, native.Protocol, native.Body, native.Serve, native.Event):
            ours.update({f"HELO_{kind.__name__.upper()}_{one.name}": one.value for one in kind})
        self.assertEqual(ours, header)

    def test_every_function_is_declared(self):
        self.assertEqual(set(native_raw.FUNCTIONS), exports("helo"))

    def test_the_library_has_words_for_every_number(self):
        for name, kind in (
            (native.helo_status_name, native.Status),
            (native.helo_cause_name, native.Cause),
            (native.helo_phase_name, native.Phase),
        ):
            words = [name(one) for one in kind]
            self.assertNotIn(b"unknown", words)
            self.assertEqual(len(set(words)), len(words))
            self.assertEqual(name(len(words)), b"unknown")
