"""Frames of whichever library the caller has: in as Arrow streams, out as the same kind.

Nothing is imported before it is needed, and only what the caller has imported already, or `default` finds.
"""

from __future__ import annotations

import importlib.util
import sys
from typing import Any

from chipcast._core import Frame

__all__ = ["default", "like", "readable"]


def readable(table: Any) -> Any:
    """The table as something with an Arrow stream: a lazy frame is collected, columns in a dict are joined.

    >>> from chipcast.frames import readable
    >>> readable({"unique_id": ["a"], "ds": [1], "y": [2.0]}).__class__.__module__.split(".")[0]
    'polars'
    """
    if _is(table, "polars", "LazyFrame"):
        return table.collect()
    if isinstance(table, dict):
        if importlib.util.find_spec("polars") is not None:
            import polars

            return polars.DataFrame(table)
        if importlib.util.find_spec("pyarrow") is not None:
            import pyarrow

            return pyarrow.table(table)
    return table


def like(frame: Frame, table: Any) -> Any:
    """The frame as the kind of table that was given.

    polars gives polars, pandas gives pandas, pyarrow gives a `pyarrow.Table`, and a DuckDB relation gives a
    relation of DuckDB's default connection. Of any other library's table, a `Frame`, which is an Arrow stream.

    >>> import polars as pl
    >>> from chipcast._core import Frame
    >>> from chipcast.frames import like
    >>> table = pl.DataFrame({"y": [1.0, 2.0]})
    >>> like(Frame(table), table).equals(table)
    True
    """
    if _is(table, "polars", "DataFrame") or _is(table, "polars", "LazyFrame"):
        return sys.modules["polars"].DataFrame(frame.views())
    if _is(table, "pandas", "DataFrame"):
        import pyarrow

        return pyarrow.table(frame).to_pandas()
    if _is(table, "pyarrow", "Table") or _is(table, "pyarrow", "RecordBatchReader"):
        return sys.modules["pyarrow"].table(frame)
    if _is(table, "pyarrow", "RecordBatch"):
        return sys.modules["pyarrow"].table(frame)
    if type(table).__name__ == "DuckDBPyRelation":
        import duckdb
        import pyarrow

        return duckdb.from_arrow(pyarrow.table(frame))
    if isinstance(table, dict):
        return frame.to_dict()
    return frame


def default(frame: Frame) -> Any:
    """The frame as polars if it is installed, else pyarrow, else a list for each column.

    >>> from chipcast._core import Frame
    >>> from chipcast.frames import default
    >>> import polars as pl
    >>> default(Frame(pl.DataFrame({"y": [1.0]})))["y"].to_list()
    [1.0]
    """
    if importlib.util.find_spec("polars") is not None:
        import polars

        return polars.DataFrame(frame.views())
    if importlib.util.find_spec("pyarrow") is not None:
        import pyarrow

        return pyarrow.table(frame)
    return frame.to_dict()


def _is(table: Any, package: str, name: str) -> bool:
    """Whether a table is of a class, told without importing its library."""
    module = sys.modules.get(package)
    kind = getattr(module, name, None)
    return isinstance(kind, type) and isinstance(table, kind)
