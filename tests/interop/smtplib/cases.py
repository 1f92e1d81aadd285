"""Runs CPython's own cases for smtplib's client against helo's Connection (adapter.py).

    HELO_LIBRARY=libhelo.so PYTHONPATH=python python3 tests/interop/smtplib/cases.py

All cases of test.test_smtplib run but those of the table below, which says why each does not apply. Ends with "ran N of M
cases" and 0 when all was well. A case that is neither there nor in the table is run: what is new in a later Python shows.
"""

import os
import pathlib
import sys
import types
import unittest
import warnings

warnings.simplefilter("ignore", DeprecationWarning)

import adapter
import smtplib
import test.test_smtplib as cases

MOCKS = "its server is a mock of Python's socket module, which a library in C does not see"
NO_OBJECT = "a Connection exists only while it is connected"

# Class, or class and case: why it does not apply.
NOT_APPLICABLE = {
    "SMTPGeneralTests": MOCKS,
    "LMTPGeneralTests": MOCKS,
    "BadHELOServerTests": MOCKS,
    "DefaultArgumentsTests": "mocks smtplib's own methods and looks at what they are given",
    "NonConnectingTests.testNotConnected": NO_OBJECT,
    "NonConnectingTests.testSockAttributeExists": NO_OBJECT,
    "DebuggingServerTests.testSourceAddress": "source_address is a key of the policy, and has no port",
    "SMTPSimTests.testAUTH_BUGGY": "a mechanism written in Python by the caller",
    "SMTPSimTests.testAUTH_LOGIN_initial_response_ok": "whether LOGIN begins with the name is the library's choice",
    "SMTPSimTests.testAUTH_LOGIN_initial_response_notok": "the same",
    "SMTPSimTests.test_lowercase_mail_from_rcpt_to": "smtplib says its commands in small letters, helo in capitals",
    "SMTPSimTests.test_with_statement_QUIT_failure": "smtp_quit has ended the connection whatever the reply to QUIT is",
    "SMTPSimTests.test_smtputf8_NotSupportedError_if_no_server_support": "SMTPUTF8 is no option of the caller's: the "
    "addresses decide, see test_send_message_error_on_non_ascii_addrs_if_no_smtputf8",
}


def push(channel, text, push=cases.SimSMTPChannel.push):
    """The servers for logins say that they have STARTTLS, and have none: helo does not send a password to such a one."""
    push(channel, text.replace("250-STARTTLS\r\n", "") if "AUTH" in channel._extrafeatures else text)


class Smtplib(types.ModuleType):
    """smtplib with the adapter in it."""

    SMTP = adapter.SMTP

    def __getattr__(self, name):
        return getattr(smtplib, name)


class Result(unittest.TextTestResult):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.dots, self.showAll = False, True


def every(suite):
    for part in suite:
        yield from every(part) if isinstance(part, unittest.TestSuite) else [part]


def main():
    cases.smtplib = Smtplib("smtplib")
    cases.SimSMTPChannel.push = push
    chosen, left_out = unittest.TestSuite(), set()
    for case in every(unittest.defaultTestLoader.loadTestsFromModule(cases)):
        names = {type(case).__name__, f"{type(case).__name__}.{case._testMethodName}"}
        found = names & NOT_APPLICABLE.keys()
        left_out |= found
        if found:
            print(f"not applicable: {case.id()}: {NOT_APPLICABLE[found.pop()]}")
        elif len(sys.argv) < 2 or any(part in case.id() for part in sys.argv[1:]):
            chosen.addTest(case)
    for name in NOT_APPLICABLE.keys() - left_out:
        print(f"this Python has no {name}")
    count = chosen.countTestCases()
    outcome = unittest.TextTestRunner(stream=sys.stdout, resultclass=Result, verbosity=2).run(chosen)
    for _, why in outcome.skipped:
        print(f"skipped itself: {why}")
    print(f"ran {outcome.testsRun - len(outcome.skipped)} cases")
    return 0 if outcome.wasSuccessful() and count else 1


if __name__ == "__main__":
    sys.exit(main())
