"""The errors a user can meet, each with the exit code the command line ends with.

A message says what is wrong with the value, what is allowed, and what to do. These errors are printed
without a traceback; anything else that escapes is a bug and keeps its traceback in the log file.
"""

from __future__ import annotations

from typing import Any


class KdvertError(Exception):
    """Base of every error that is meant for a user's eyes.

    Args:
        message: what is wrong.
        hint: what to do about it, in one sentence.
        details: plain data for machines, printed with ``--json``.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None, details: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details

    def __str__(self) -> str:
        return f"{self.message}\n  → {self.hint}" if self.hint else self.message


class WorkFailed(KdvertError):
    """The input was fine and the work could not be done (exit code 1)."""

    exit_code = 1


class UserError(KdvertError):
    """The user's input is wrong: a file, a setting, a name (exit code 2)."""

    exit_code = 2


class GateBlocked(KdvertError):
    """A compliance gate refuses to go on (exit code 3)."""

    exit_code = 3


class Interrupted(KdvertError):
    """The user pressed Ctrl-C; finished work is kept (exit code 130, the shell's convention)."""

    exit_code = 130
