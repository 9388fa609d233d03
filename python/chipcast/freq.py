"""Frequencies as pandas and polars write them: `QE`, `MS`, `W-SUN`, `2h`, `1mo`, or a whole number."""

from __future__ import annotations

import re

from chipcast.errors import InvalidError

__all__ = ["read"]

_UNITS: dict[str, tuple[str, int]] = {
    # pandas, today's names and those before 2.2
    **dict.fromkeys(["M", "ME", "MS"], ("months", 1)),
    **dict.fromkeys(["Q", "QE", "QS"], ("months", 3)),
    **dict.fromkeys(["A", "AS", "Y", "YE", "YS"], ("months", 12)),
    "W": ("days", 7),
    "D": ("days", 1),
    **dict.fromkeys(["h", "H"], ("seconds", 3600)),
    **dict.fromkeys(["min", "T"], ("seconds", 60)),
    **dict.fromkeys(["s", "S"], ("seconds", 1)),
    # polars
    "mo": ("months", 1),
    "q": ("months", 3),
    "y": ("months", 12),
    "w": ("days", 7),
    "d": ("days", 1),
    "m": ("seconds", 60),
}
_BUSINESS = frozenset(["B", "C", "BM", "BME", "BMS", "BQ", "BQE", "BQS", "BY", "BYE", "BYS", "SM", "SME", "SMS", "bh"])


def read(freq: str | int | None) -> tuple[str, int] | None:
    """Unit and number of a frequency; none stands for the step that each series shows.

    >>> from chipcast.freq import read
    >>> read("QE"), read("2h"), read("1mo"), read(1)
    (('months', 3), ('seconds', 7200), ('months', 1), ('numbers', 1))
    >>> read("B")
    Traceback (most recent call last):
    chipcast.InvalidError: the frequency `B` has no even steps
    hint: number the rows of each series with whole numbers, and give `freq=1`
    """
    if freq is None:
        return None
    if isinstance(freq, bool) or not isinstance(freq, (str, int)):
        raise InvalidError(f"a frequency is a text or a whole number; found is {freq!r}")
    if isinstance(freq, int):
        if freq < 1:
            raise InvalidError(f"the frequency {freq} is asked; needed is 1 or more")
        return "numbers", freq
    found = re.fullmatch(r"(\d*)([A-Za-z]+)(-[A-Za-z]{3})?", freq)
    if found is not None:
        number, word = int(found[1] or 1), found[2]
        if word in _BUSINESS:
            raise InvalidError(
                f"the frequency `{freq}` has no even steps",
                "number the rows of each series with whole numbers, and give `freq=1`",
            )
        if word in _UNITS and number > 0:
            unit, times = _UNITS[word]
            return unit, number * times
    raise InvalidError(
        f"no frequency `{freq}`",
        "frequencies are written as in pandas (`QE`, `MS`, `W`, `D`, `h`) or polars (`1q`, `1mo`, `1d`)",
    )
