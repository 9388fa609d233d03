"""Panels of Spark: every row of a series and origin goes to one task, which runs `answer_batch`.

>>> from chipcast import distributed, spark                           # doctest: +SKIP
>>> lesson = distributed.learn(df.toArrow(), forecaster, h=4)         # doctest: +SKIP
>>> spark.forecast(df, lesson).write.parquet("forecasts")             # doctest: +SKIP

Workers need this package, pyarrow and the Python of the driver: `PYSPARK_PYTHON`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa

from chipcast import distributed

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["forecast"]


def forecast(df: DataFrame, lesson: str, n_partitions: int = 200) -> DataFrame:
    """Forecasts of a panel by what `distributed.learn` has learned from it.

    | parameter | default | purpose |
    |---|---|---|
    | `df` | | the panel |
    | `lesson` | | what `distributed.learn` gave |
    | `n_partitions` | `200` | tasks; the rows of one stand in a worker's memory |

    A task that is lost is made again by Spark, with the same bytes.
    """
    from pyspark.sql import functions as sql
    from pyspark.sql.pandas.types import from_arrow_schema

    rows_schema = df.limit(0).toArrow().schema
    keys = distributed.keys(lesson)
    if distributed.CUTOFF in keys:
        df = _known_at(df, lesson, rows_schema)
        rows_schema = rows_schema.append(
            pa.field(distributed.CUTOFF, rows_schema.field(distributed.time_col(lesson)).type)
        )

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        held = list(batches)
        if held:
            yield from distributed.answer_table(pa.Table.from_batches(held), lesson).to_batches()

    found = from_arrow_schema(distributed.schema(lesson, rows_schema))
    together = df.repartition(n_partitions, *[sql.col(key) for key in keys])
    return together.mapInArrow(work, found)
