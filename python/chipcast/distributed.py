"""One panel on many machines: it is learned from once, and each series is answered for anywhere.

`learn` makes a lesson on the machine that has the panel. `answer_batch` is the one function that workers run:
pure, from a record batch to a record batch, the same bytes wherever it runs and however rows are
split, as long as the rows of a series and origin stay together. `chipcast.spark` and `chipcast.ray` see to that.
Needs pyarrow.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from chipcast._core import Panel
from chipcast.core import StatsForecast
from chipcast.errors import InvalidError
from chipcast.frames import readable

__all__ = ["CUTOFF", "answer_batch", "answer_table", "keys", "known_at", "learn", "schema"]

#: The column that tells the origin of a row.
CUTOFF = "cutoff"


def learn(
    df: Any,
    forecaster: StatsForecast,
    h: int,
    level: Sequence[float] | None = None,
    cutoffs: Sequence[Any] | None = None,
    id_col: str = "unique_id",
    time_col: str = "ds",
    target_col: str = "y",
) -> str:
    """What a panel teaches, as a text for workers; `cutoffs` are earlier origins, each of which knows its past.

    | parameter | default | purpose |
    |---|---|---|
    | `df` | | the whole panel, in any library with Arrow |
    | `forecaster` | | the models; `n_jobs` bounds the threads of this call |
    | `h`, `level` | | as in `StatsForecast.forecast` |
    | `cutoffs` | `None` | last known `ds` of each origin, of the type of `ds`; none for one forecast of all that is known |
    """
    names = [id_col, time_col, target_col]
    plan = forecaster._plan(h, level)
    table = pa.table(readable(df)).select(names)
    lessons = {}
    for cutoff in [None] if cutoffs is None else sorted(set(cutoffs)):
        rows = table if cutoff is None else _until(table, time_col, cutoff)
        if len(rows) == 0:
            raise InvalidError(f"nothing is known at the cutoff {cutoff}")
        lessons[str(cutoff)] = Panel(rows, *names, plan["n_threads"]).learn(plan)
    told = {"plan": {**plan, "n_threads": 1}, "columns": names, "lessons": lessons}
    return json.dumps(told, sort_keys=True)


def known_at(rows: pa.Table, lesson: str) -> pa.Table:
    """Rows once for each origin that knows them, the origin in the column `cutoff`; as they are if there is none."""
    time_col, lessons = _columns(lesson)[1], json.loads(lesson)["lessons"]
    if "None" in lessons:
        return rows
    kind = rows.schema.field(time_col).type
    parts = []
    for text in lessons:
        cutoff = pa.scalar(text).cast(kind)
        part = rows.filter(pc.less_equal(rows[time_col], cutoff))
        parts.append(part.append_column(CUTOFF, pa.repeat(cutoff, len(part))))
    return pa.concat_tables(parts)


def keys(lesson: str) -> list[str]:
    """The columns by which rows must stay together."""
    has_origins = "None" not in json.loads(lesson)["lessons"]
    return [_columns(lesson)[0], *([CUTOFF] if has_origins else [])]


def answer_batch(batch: pa.RecordBatch, lesson: str) -> pa.RecordBatch:
    """The forecasts of the series and origins of a batch, in their order; pure.

    A series that cannot be forecast has its rows with nulls; `MODEL-status` and `MODEL-reason` say why. One
    thread is used.
    """
    told = json.loads(lesson)
    plan = told["plan"]
    for spec in [*plan["models"], *([plan["fallback"]] if plan["fallback"] else [])]:
        spec["columns"] = [tuple(column) for column in spec["columns"]]
    plan["freq"] = plan["freq"] and tuple(plan["freq"])
    if "None" in told["lessons"]:
        parts = [_answer(batch, told["columns"], plan, told["lessons"]["None"])]
    else:
        parts = []
        for cutoff in pc.unique(batch[CUTOFF]).sort():
            if str(cutoff) not in told["lessons"]:
                raise InvalidError(f"no lesson was learned at the cutoff {cutoff}")
            rows = batch.filter(pc.equal(batch[CUTOFF], cutoff))
            part = _answer(rows, told["columns"], plan, told["lessons"][str(cutoff)])
            parts.append(part.add_column(2, CUTOFF, pa.repeat(cutoff, len(part))))
    return pa.concat_tables(parts).combine_chunks().to_batches()[0]


def answer_table(rows: pa.Table, lesson: str) -> pa.Table:
    """The same for a table, for a worker of a cluster: thread pools beside ours are kept to one thread too."""
    for name in ["POLARS_MAX_THREADS", "RAYON_NUM_THREADS"]:
        os.environ.setdefault(name, "1")
    if len(rows) == 0:
        return schema(lesson, rows.schema).empty_table()
    return pa.Table.from_batches([answer_batch(rows.combine_chunks().to_batches()[0], lesson)])


def schema(lesson: str, rows: pa.Schema) -> pa.Schema:
    """The columns of an answer to rows of this schema."""
    plan, (id_col, time_col, _) = json.loads(lesson)["plan"], _columns(lesson)
    fields = [(id_col, _plain(rows.field(id_col).type)), (time_col, rows.field(time_col).type)]
    fields += [(name, rows.field(time_col).type) for name in keys(lesson)[1:]]
    for spec in plan["models"]:
        fields += [(column[0], pa.float64()) for column in spec["columns"]]
    for spec in plan["models"]:
        fields += [(f"{spec['alias']}-{word}", pa.string()) for word in ["status", "reason"]]
    return pa.schema(fields)


def _answer(rows: Any, names: list[str], plan: dict[str, Any], lessons: list[str]) -> pa.Table:
    made, said = Panel(rows, *names, 1).answer(plan, lessons)
    table, status = pa.table(made), pa.table(said)
    n, h = len(plan["models"]), plan["h"]
    for nth, spec in enumerate(plan["models"]):
        each = pa.array([row for row in range(nth, len(status), n) for _ in range(h)])
        for word, column in [("status", "status"), ("reason", "fallback_reason")]:
            table = table.append_column(f"{spec['alias']}-{word}", status[column].take(each))
    return table.cast(pa.schema([(field.name, _plain(field.type)) for field in table.schema]))


def _until(table: pa.Table, time_col: str, cutoff: Any) -> pa.Table:
    last = pa.scalar(cutoff).cast(table.schema.field(time_col).type)
    return table.filter(pc.less_equal(table[time_col], last))


def _columns(lesson: str) -> list[str]:
    return list(json.loads(lesson)["columns"])


def _plain(kind: pa.DataType) -> pa.DataType:
    """Texts have one type, whoever made them."""
    texts = pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    return pa.string() if texts else kind
