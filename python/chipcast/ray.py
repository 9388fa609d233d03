"""Panels of Ray Data: the rows of a series and origin go to one task, which runs `distributed.answer_batch`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from chipcast import distributed

if TYPE_CHECKING:
    from ray.data import Dataset  # type: ignore[import-not-found, unused-ignore]

__all__ = ["forecast"]


def forecast(dataset: Dataset, lesson: str, n_partitions: int) -> Dataset:
    """Forecasts of a panel by what `distributed.learn` has learned of it, in no order.

    | parameter | default | purpose |
    |---|---|---|
    | `dataset` | | the panel |
    | `lesson` | | of `distributed.learn`; its origins are those that are forecast from |
    | `n_partitions` | | tasks; the rows of one stand in a worker's memory. A few for each CPU: Ray's own default is slow |

    A task that is lost is made again by Ray, with the same bytes.
    """

    def spread(rows: pa.Table) -> pa.Table:
        return distributed.bucketed(distributed.known_at(rows, lesson), lesson, n_partitions)

    def work(rows: pa.Table) -> pa.Table:
        return distributed.answer_table(rows.drop_columns("bucket"), lesson)

    rows = dataset.map_batches(spread, batch_format="pyarrow", batch_size=None)
    together = rows.groupby("bucket", num_partitions=n_partitions)
    return together.map_groups(work, batch_format="pyarrow")
