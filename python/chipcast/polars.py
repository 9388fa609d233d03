"""Forecasts inside a polars query: `pl.col("y").chipcast.forecast(h=4)`.

Importing this module adds the namespace `chipcast` to polars' expressions.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
from polars.plugins import register_plugin_function

import chipcast._core
from chipcast.errors import InvalidError

__all__ = ["ChipcastExpr"]


@pl.api.register_expr_namespace("chipcast")
class ChipcastExpr:
    """The namespace `chipcast` of an expression.

    >>> import polars as pl
    >>> import chipcast.polars
    >>> table = pl.DataFrame({"unique_id": ["a"] * 8 + ["b"] * 8, "y": [1.0, 2, 3, 4] * 4})
    >>> ahead = pl.col("y").chipcast.forecast(h=2, season_length=4, model="SeasonalNaive")
    >>> table.lazy().group_by("unique_id", maintain_order=True).agg(ahead).collect()["y"].to_list()
    [[1.0, 2.0], [1.0, 2.0]]
    """

    def __init__(self, expr: pl.Expr) -> None:
        self._expr = expr

    def forecast(
        self,
        h: int,
        season_length: int = 1,
        model: str = "Chipcast",
        level: Sequence[float] | None = None,
    ) -> pl.Expr:
        """The next `h` values of each group, as a list; with `level`, a struct of lists.

        Rows are taken in their order, one period apart. Each group is forecast for alone: nothing is learned from the
        others, as `StatsForecast` does. A group that cannot be forecast is null; what is asked wrongly is
        a `ComputeError`.

        | parameter | default | purpose |
        |---|---|---|
        | `h` | | periods, 1 to 400 |
        | `season_length` | `1` | periods in a season, 1 to 400 |
        | `model` | `"Chipcast"` | name of a model of `chipcast.models` |
        | `level` | `None` | widths of intervals in percent: fields `lo-80`, `hi-80` beside `yhat` |
        """
        widths = list(level or [])
        if any(not 0 < width < 100 for width in widths):
            raise InvalidError(f"a level is between 0 and 100; found is {widths!r}")
        found = register_plugin_function(
            plugin_path=Path(chipcast._core.__file__),
            function_name="forecast",
            args=[self._expr],
            kwargs={
                "h": h,
                "season_length": season_length,
                "model": model,
                "level": [float(width) for width in widths],
            },
            returns_scalar=True,
        )
        if not widths:
            return found
        parts = [found.list.slice(0, h).alias("yhat")]
        for idx, width in enumerate(widths):
            parts.append(found.list.slice((1 + 2 * idx) * h, h).alias(f"lo-{width}"))
            parts.append(found.list.slice((2 + 2 * idx) * h, h).alias(f"hi-{width}"))
        return pl.struct(parts)
