"""A call of helo.h that did not succeed, as an exception."""

from .._library import last_error
from .._waiting import end_thread
from ._codes import Status


class HeloError(Exception):
    """A call did not succeed; ``status`` says of what kind, the text says why and what to do."""

    def __init__(self, function: str, status: int) -> None:
        end_thread()
        self.function = function
        self.status = Status(status)
        super().__init__(last_error() or f"{function}: {self.status.name}")


class Cancelled(HeloError):
    """The run was ended by ``cancel``. What was confirmed before stays confirmed: see the results."""
