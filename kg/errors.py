"""What can go wrong, and how it is said.

    TrialKGError            the call cannot go on; the message is one line for a person
    +-- UsageError          the call itself is wrong: an unknown question, a missing file, a bad parameter
    +-- DocumentError       this one document cannot be used; ``build`` turns it into a Finding and goes on

Bad input is not an exception for the caller of ``build``: it is a :class:`Finding` in the report.
"""

from __future__ import annotations

import msgspec


class TrialKGError(Exception):
    """An error with a message fit to be shown as it is: one line, whatever it quotes."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class UsageError(TrialKGError):
    """The call is wrong and must be changed by whoever made it."""


class DocumentError(TrialKGError):
    """One document cannot be used. ``code`` is a stable short name of the reason."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something about one document that its owner should know.

    ``document`` is its name as given to the build, ``code`` a stable short name, ``message`` one sentence.
    """

    document: str
    code: str
    message: str

    def line(self) -> str:
        """The finding as one line of text, however the message came about."""
        return " ".join(f"{self.document}: {self.message}".split())
