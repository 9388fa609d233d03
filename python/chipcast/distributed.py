"""One panel on many machines: it is learned from once, and each series is answered for anywhere.

`learn` makes a lesson where the whole panel is. `answer_batch` is all that workers run: pure, from a record batch
to a record batch, the same bytes wherever it runs and however rows are spread, as long as those of a series
and origin stay together. `chipcast.spark` and `chipcast.ray` see to that. Needs pyarrow.

>>> from chipcast import StatsForecast, distributed
>>> from chipcast.models import Naive
>>> panel = {"unique_id": ["a"] * 3, "ds": [1, 2, 3], "y": [5.0, 6.0, 7.0]}
>>> lesson = distributed.learn(panel, StatsForecast([Naive()], freq=1), h=1, cutoffs=[2, 3])
>>> rows = distributed.known_at(pa.table(panel), lesson)
>>> distributed.answer_table(rows, lesson).select(["cutoff", "ds", "Naive"]).to_pylist()
[{'cutoff': 2, 'ds': 3, 'Naive': 6.0}, {'cutoff': 3, 'ds': 4, 'Naive': 7.0}]
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from chipcast import _core
from chipcast.core import StatsForecast
from chipcast.errors import InvalidError
from chipcast.frames import readable

__all__ = ["answer_batch", "answer_table", "bucketed", "columns", "keys", "known_at", "learn", "schema"]

#: The column of origins, and what stands for the end of what is known.
CUTOFF, END = "cutoff", "end"


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
    """What a panel teaches, as a text for workers.

    | parameter | default | purpose |
    |---|---|---|
    | `df` | | the whole panel, in any library with Arrow |
    | `forecaster` | | models; its `n_jobs` bounds the threads of this call |
    | `h`, `level` | | as in `StatsForecast.forecast` |
    | `cutoffs` | `None` | origins, each the last `ds` that is known there; the end of the panel if none are given |
    """
    names = [id_col, time_col, target_col]
    plan = forecaster._plan(h, level)
    table = _plain_texts(pa.table(readable(df)).select(names))
    kind = table.schema.field(time_col).type
    lessons = {}
    for last in [None] if cutoffs is None else sorted({pa.scalar(c).cast(kind) for c in cutoffs}, key=str):
        rows = table if last is None else table.filter(pc.less_equal(table[time_col], last))
        if len(rows) == 0:
            raise InvalidError(f"nothing is known at the cutoff {last}")
        panel = _core.Panel(rows, id_col, time_col, target_col, plan["n_threads"])
        lessons[END if last is None else str(last)] = _core.learn(panel, plan)
    return json.dumps({"columns": names, "plan": plan, "lessons": lessons}, sort_keys=True)


def known_at(rows: pa.Table, lesson: str) -> pa.Table:
    """Rows once for each origin that knows them, which stands in the column `cutoff`."""
    names, lessons = columns(lesson), json.loads(lesson)["lessons"]
    rows = _plain_texts(rows.select(names))
    if END in lessons:
        return rows
    parts = []
    for text in lessons:
        last = pa.scalar(text).cast(rows.schema.field(names[1]).type)
        part = rows.filter(pc.less_equal(rows[names[1]], last))
        parts.append(part.append_column(CUTOFF, pa.repeat(last, len(part))))
    return pa.concat_tables(parts)


def bucketed(rows: pa.Table, lesson: str, n: int) -> pa.Table:
    """Rows with the column `bucket`, 0 to `n` - 1: one for all rows of a series and origin, on any machine."""
    texts = [rows[key].cast(pa.string()) for key in keys(lesson)]
    joined: Any = pc.binary_join_element_wise  # its stub knows no text as the separator beside columns
    coded = joined(*texts, "\x1f", null_handling="replace").combine_chunks()
    coded = coded.dictionary_encode()
    hashes = [zlib.crc32(text.encode()) % n for text in coded.dictionary.to_pylist()]
    return rows.append_column("bucket", pa.array(hashes, pa.int32()).take(coded.indices))


def answer_batch(batch: pa.RecordBatch, lesson: str) -> pa.RecordBatch:
    """The forecasts of the series and origins of a batch, sorted by origin and series; pure, with one thread.

    A series that cannot be forecast has its rows, with nulls; `MODEL-status` and `MODEL-reason` say why.
    """
    told = json.loads(lesson)
    plan, lessons = told["plan"], told["lessons"]
    for spec in [*plan["models"], *([plan["fallback"]] if plan["fallback"] else [])]:
        spec["columns"] = [tuple(column) for column in spec["columns"]]
        spec["ridge"] = spec.get("ridge") and tuple(spec["ridge"])
    plan |= {"freq": plan["freq"] and tuple(plan["freq"]), "n_threads": 1}
    if END in lessons:
        return _batch([_answer(batch, told["columns"], plan, lessons[END])])
    parts = []
    for last in pc.unique(batch[CUTOFF]).sort():
        if str(last) not in lessons:
            raise InvalidError(f"nothing was learned at the cutoff {last}")
        rows = batch.filter(pc.equal(batch[CUTOFF], last))
        part = _answer(rows, told["columns"], plan, lessons[str(last)])
        parts.append(part.add_column(2, CUTOFF, pa.repeat(last, len(part))))
    return _batch(parts)


def answer_table(rows: pa.Table, lesson: str) -> pa.Table:
    """The same of a table, in a worker: thread pools that are not made yet get one thread too."""
    for name in ["POLARS_MAX_THREADS", "RAYON_NUM_THREADS"]:
        os.environ.setdefault(name, "1")
    if len(rows) == 0:
        return schema(lesson, rows.schema).empty_table()
    return pa.Table.from_batches([answer_batch(_batch([rows]), lesson)])


def columns(lesson: str) -> list[str]:
    """The names of series, time and value."""
    return list(json.loads(lesson)["columns"])


def keys(lesson: str) -> list[str]:
    """The columns by which rows must stay together."""
    has_origins = END not in json.loads(lesson)["lessons"]
    return [columns(lesson)[0], *([CUTOFF] if has_origins else [])]


def schema(lesson: str, rows: pa.Schema) -> pa.Schema:
    """The columns of an answer to rows of this schema."""
    (id_col, time_col, _), models = columns(lesson), json.loads(lesson)["plan"]["models"]
    time = rows.field(time_col).type
    fields = [(id_col, _plain(rows.field(id_col).type)), (time_col, time)]
    fields += [(name, time) for name in keys(lesson)[1:]]
    fields += [(column[0], pa.float64()) for spec in models for column in spec["columns"]]
    said = [f"{spec['alias']}-{word}" for spec in models for word in ["status", "reason"]]
    return pa.schema([*fields, *((name, pa.string()) for name in said)])


def _answer(rows: Any, names: list[str], plan: dict[str, Any], lessons: list[str]) -> pa.Table:
    id_col, time_col, target_col = names
    panel = _core.Panel(rows, id_col, time_col, target_col, 1)
    made, said = _core.answer(panel, plan, lessons)
    table, status = pa.table(made), pa.table(said)
    n, h = len(plan["models"]), plan["h"]
    for nth, spec in enumerate(plan["models"]):
        each = pa.array([row for row in range(nth, len(status), n) for _ in range(h)], pa.int64())
        for word, name in [("status", "status"), ("reason", "fallback_reason")]:
            table = table.append_column(f"{spec['alias']}-{word}", status[name].take(each))
    return _plain_texts(table)


def _batch(parts: list[pa.Table]) -> pa.RecordBatch:
    return pa.concat_tables(parts).combine_chunks().to_batches()[0]


def _plain_texts(table: pa.Table) -> pa.Table:
    return table.cast(pa.schema([(field.name, _plain(field.type)) for field in table.schema]))


def _plain(kind: pa.DataType) -> pa.DataType:
    """Texts have one type, whoever made them."""
    is_text = pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    return pa.string() if is_text else kind
