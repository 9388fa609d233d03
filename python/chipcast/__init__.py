"""Chipcast forecasts panels of series, and who buys how many GPUs, and says how far to trust it.

>>> from chipcast import StatsForecast
>>> from chipcast.models import Chipcast
>>> table = {"unique_id": ["a"] * 6, "ds": [1, 2, 3, 4, 5, 6], "y": [1.0, 2, 3, 4, 5, 6]}
>>> StatsForecast([Chipcast()], freq=1).forecast(df=table, h=1)["ds"]
[7]
"""

from __future__ import annotations

from chipcast import errors, models
from chipcast._core import (
    Archive,
    Chain,
    Forecast,
    Frame,
    Outlook,
    Refusal,
    Report,
    Requirement,
    Snapshot,
    Svg,
    __version__,
    multiple,
    required_purchase,
    scale,
    scenario,
)
from chipcast.core import StatsForecast
from chipcast.errors import (
    ChipcastError,
    FetchError,
    InsufficientError,
    InternalError,
    InvalidError,
    NotFoundError,
    ParseError,
    StoreError,
)

__all__ = [
    "Archive",
    "Chain",
    "ChipcastError",
    "FetchError",
    "Forecast",
    "Frame",
    "InsufficientError",
    "InternalError",
    "InvalidError",
    "NotFoundError",
    "Outlook",
    "ParseError",
    "Refusal",
    "Report",
    "Requirement",
    "Snapshot",
    "StatsForecast",
    "StoreError",
    "Svg",
    "__version__",
    "errors",
    "models",
    "multiple",
    "required_purchase",
    "scale",
    "scenario",
]
