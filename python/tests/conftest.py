"""Tables that several tests use."""

from __future__ import annotations

import datetime as dt
import math
import signal

import polars as pl
import pytest

# A shell starts what runs in the background with Ctrl-C ignored, and Python keeps it so: the tests press it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def sales() -> pl.DataFrame:
    """Two series of 16 month ends, out of order."""
    ends = pl.date_range(dt.date(2020, 1, 31), dt.date(2021, 4, 30), "1mo", eager=True)
    rows = {"unique_id": ["b"] * 16 + ["a"] * 16, "ds": [*ends, *ends]}
    values = [i**1.2 + math.sin(i) for i in range(32)]
    return pl.DataFrame({**rows, "y": values}).with_columns(pl.col("ds").cast(pl.Datetime("us")))
