"""Panels of Spark: the rows of a series and origin go to one task, which runs `distributed.answer_batch`.

Workers need this package and pyarrow in the driver's Python: set `PYSPARK_PYTHON` to `sys.executable`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa

from chipcast import distributed

if TYPE_CHECKING:
    from pyspark.sql import DataFrame  # type: ignore[import-not-found, unused-ignore]

__all__ = ["forecast"]


def forecast(df: DataFrame, lesson: str, n_partitions: int = 200) -> DataFrame:
    """Forecasts of a panel by what `distributed.learn` has learned of it, in no order.

    | parameter | default | purpose |
    |---|---|---|
    | `df` | | the panel |
    | `lesson` | | of `distributed.learn(df.toArrow(), ...)`; its origins are those that are forecast from |
    | `n_partitions` | `200` | tasks; the rows of one stand in a worker's memory |

    A task that is lost is made again by Spark, with the same bytes.
    """
    from pyspark.sql.pandas.types import from_arrow_schema  # type: ignore[import-not-found, unused-ignore]

    keys = distributed.keys(lesson)
    df = df.select(*distributed.columns(lesson))
    given = df.limit(0).toArrow().schema
    known = distributed.known_at(given.empty_table(), lesson).schema

    def spread(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield from distributed.known_at(pa.Table.from_batches([batch]), lesson).to_batches()

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        held = list(batches)
        if held:
            yield from distributed.answer_table(pa.Table.from_batches(held), lesson).to_batches()

    rows = df.mapInArrow(spread, from_arrow_schema(known)).repartition(n_partitions, *keys)
    return rows.mapInArrow(work, from_arrow_schema(distributed.schema(lesson, given)))
