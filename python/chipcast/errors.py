"""What can go wrong: one class for each kind of error, all of them `ChipcastError`."""

from __future__ import annotations

__all__ = [
    "ChipcastError",
    "FetchError",
    "InsufficientError",
    "InternalError",
    "InvalidError",
    "NotFoundError",
    "ParseError",
    "StoreError",
]


class ChipcastError(Exception):
    """Any error of chipcast.

    >>> from chipcast.errors import ChipcastError
    >>> error = ChipcastError("no series `a`", "`Archive.series` lists them")
    >>> str(error), error.hint
    ('no series `a`', '`Archive.series` lists them')
    """

    __module__ = "chipcast"

    #: Advice, if there is any; a traceback shows it on a line of its own.
    hint: str | None

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint
        if hint is not None:
            self.add_note(f"hint: {hint}")

    def __str__(self) -> str:
        return str(self.args[0])

    def __reduce__(self) -> tuple[type[ChipcastError], tuple[str, str | None]]:
        return type(self), (str(self), self.hint)


class FetchError(ChipcastError):
    """A source could not be reached, or refused."""

    __module__ = "chipcast"


class NotFoundError(ChipcastError, KeyError):
    """A series, company, file or model that was named does not exist."""

    __module__ = "chipcast"


class ParseError(ChipcastError, ValueError):
    """Bytes that are not what their format promises."""

    __module__ = "chipcast"


class InvalidError(ChipcastError, ValueError):
    """A request or value that breaks a rule."""

    __module__ = "chipcast"


class InsufficientError(ChipcastError, ValueError):
    """Too few observations for what was asked."""

    __module__ = "chipcast"


class StoreError(ChipcastError, OSError):
    """The archive or another file on disk could not be read or written."""

    __module__ = "chipcast"


class InternalError(ChipcastError, RuntimeError):
    """A bug of chipcast's own."""

    __module__ = "chipcast"
