"""Every library's frames go in and come out as they were."""

from __future__ import annotations

import datetime as dt
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from chipcast import Frame, InsufficientError, InvalidError, StatsForecast
from chipcast.frames import default, like, readable
from chipcast.models import Naive

TYPES = pl.DataFrame(
    {
        "number": [1, None, 3],
        "float": [1.5, float("nan"), None],
        "small": pl.Series([1, None, -3], dtype=pl.Int8),
        "unsigned": pl.Series([1, None, 65_535], dtype=pl.UInt16),
        "flag": [True, None, False],
        "text": ["a", None, "a text that is longer than twelve bytes"],
        "category": pl.Series(["x", None, "y"], dtype=pl.Categorical),
        "enum": pl.Series(["p", None, "q"], dtype=pl.Enum(["p", "q"])),
        "day": [dt.date(1969, 12, 31), None, dt.date(2026, 8, 31)],
        "time": pl.Series([dt.datetime(1969, 12, 31, 23), None, dt.datetime(2026, 8, 31)], dtype=pl.Datetime("ns")),
        "zoned": pl.Series([0, None, 1], dtype=pl.Datetime("ms", "Europe/Berlin")),
        "length": pl.Series([1, None, 2], dtype=pl.Duration("us")),
        "list": [[1.0, None], None, []],
        "nothing": [None, None, None],
    }
)


def test_every_type_comes_back_as_it_went() -> None:
    found = pl.DataFrame(Frame(TYPES).views())
    wide = {"small": pl.Int32, "unsigned": pl.UInt32}
    assert found.schema == TYPES.cast(wide).schema
    assert found.equals(TYPES.cast(wide))


def test_the_oldest_layout_is_what_others_get() -> None:
    schema = pa.table(Frame(TYPES)).schema
    assert schema.field("text").type == pa.large_string()
    assert schema.field("zoned").type == pa.timestamp("ms", "Europe/Berlin")


@pytest.mark.parametrize("key", [pa.int8(), pa.int32(), pa.uint64()])
def test_dictionaries_of_any_key(key: pa.DataType) -> None:
    held = pa.DictionaryArray.from_arrays(pa.array([1, None, 0], key), pa.array(["a", "b"]))
    found = Frame(pa.table({"c": held})).to_dict()
    assert found == {"c": ["b", None, "a"]}


def test_chunks_empty_tables_and_tables_without_columns() -> None:
    table = pa.table({"n": pa.chunked_array([[1, 2], [], [3]]), "t": pa.chunked_array([["a"], ["b", "c"]])})
    assert pa.table(Frame(table)).to_pydict() == table.to_pydict()
    empty = table.slice(0, 0)
    assert Frame(empty).shape == (0, 2)
    assert pa.table(Frame(empty)).schema.names == ["n", "t"]
    assert Frame(pa.table({})).shape == (0, 0)
    assert pa.table(Frame(pl.DataFrame())).num_columns == 0
    sliced = table.slice(1, 2)
    assert pa.table(Frame(sliced)).to_pydict() == {"n": [2, 3], "t": ["b", "c"]}


def test_numbers_are_not_copied() -> None:
    table = pa.table({"y": np.arange(1_000, dtype=float)})
    there = pa.table(Frame(table)).column("y").chunk(0).buffers()[1].address
    assert there == table.column("y").chunk(0).buffers()[1].address


def kinds(sales: pl.DataFrame) -> dict[str, Any]:
    return {
        "polars": sales,
        "lazy": sales.lazy(),
        "pandas": sales.to_pandas(),
        "pyarrow": sales.to_arrow(),
        "reader": sales.to_arrow().to_reader(),
        "batch": sales.rechunk().to_arrow().combine_chunks().to_batches()[0],
        "duckdb": duckdb.from_arrow(sales.to_arrow()),
        "dict": sales.to_dict(as_series=False),
        "frame": Frame(sales),
    }


ANSWERS = {
    "polars": pl.DataFrame,
    "lazy": pl.DataFrame,
    "pandas": pd.DataFrame,
    "pyarrow": pa.Table,
    "reader": pa.Table,
    "batch": pa.Table,
    "duckdb": duckdb.DuckDBPyRelation,
    "dict": dict,
    "frame": Frame,
}


@pytest.mark.parametrize("kind", list(ANSWERS))
def test_the_answer_is_of_the_callers_kind_and_the_same(kind: str, sales: pl.DataFrame) -> None:
    forecaster = StatsForecast([Naive()], freq="ME")
    found = forecaster.forecast(df=kinds(sales)[kind], h=2)
    assert isinstance(found, ANSWERS[kind])
    assert isinstance(forecaster.status_, ANSWERS[kind])
    rows = pl.DataFrame(Frame(readable(found)))
    assert rows["unique_id"].to_list() == ["a", "a", "b", "b"]
    days = [dt.datetime(2021, 5, 31), dt.datetime(2021, 6, 30)] * 2
    assert rows["ds"].to_list() == days
    last = sales.group_by("unique_id").agg(pl.col("y").last()).sort("unique_id")["y"].to_list()
    assert rows["Naive"].to_list() == [last[0], last[0], last[1], last[1]]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_pandas_times_keep_their_unit_and_seconds_become_milliseconds(unit: str) -> None:
    days = pd.date_range("2024-01-31", periods=8, freq="ME").as_unit(unit)
    table = pd.DataFrame({"unique_id": "a", "ds": days, "y": range(8)})
    found = StatsForecast([Naive()], freq="ME").forecast(df=table, h=1)
    assert found["ds"].dtype == f"datetime64[{'ms' if unit == 's' else unit}]"
    assert found["ds"][0] == pd.Timestamp("2024-09-30")


def test_a_time_zone_is_kept_and_months_end_by_its_clock() -> None:
    days = pd.date_range("2024-01-31", periods=14, freq="ME", tz="America/New_York")
    table = pl.from_pandas(pd.DataFrame({"unique_id": "a", "ds": days, "y": range(14)}))
    found = StatsForecast([Naive()], freq="ME").forecast(df=table, h=2)
    assert found.schema["ds"] == table.schema["ds"]
    assert [str(at) for at in found["ds"]] == ["2025-03-31 00:00:00-04:00", "2025-04-30 00:00:00-04:00"]


@pytest.mark.parametrize("dtype", [pl.Int32, pl.Int64, pl.String, pl.Categorical, pl.Enum(["10", "9"])])
def test_names_keep_their_type_and_numbers_their_order(dtype: Any) -> None:
    table = pl.DataFrame({"unique_id": [10, 10, 9, 9], "ds": [1, 2, 1, 2], "y": [1.0, 2, 3, 4]})
    table = table.with_columns(pl.col("unique_id").cast(pl.String).cast(dtype))
    found = StatsForecast([Naive()]).forecast(df=table, h=1)
    assert found.schema["unique_id"] == table.schema["unique_id"]
    numbers = dtype in (pl.Int32, pl.Int64)
    assert found["Naive"].to_list() == ([4.0, 2.0] if numbers else [2.0, 4.0])


def test_what_cannot_be_read_is_said() -> None:
    good = {"unique_id": ["a"], "ds": [1]}
    forecaster = StatsForecast([Naive()])
    decimal = pl.DataFrame({**good, "y": pl.Series([1], dtype=pl.Decimal(10, 2))})
    with pytest.raises(TypeError, match=r"column `y` has the type Decimal\(10, 2\), which is not read"):
        forecaster.forecast(df=decimal, h=1)
    nested = pa.table({"c": pa.array([{"x": 1}])})
    with pytest.raises(TypeError, match="column `c`"):
        Frame(nested)
    with pytest.raises(TypeError, match="found is `int`"):
        forecaster.forecast(df=3, h=1)
    with pytest.raises(InvalidError, match="no column `y`; the table has unique_id, ds"):
        forecaster.forecast(df=pl.DataFrame(good), h=1)
    with pytest.raises(InvalidError, match="`y` is of the type bool; needed are numbers"):
        forecaster.forecast(df=pl.DataFrame({**good, "y": [True]}), h=1)


def test_columns_that_are_not_asked_for_may_be_of_any_type() -> None:
    table = pl.DataFrame({"unique_id": ["a", "a"], "ds": [1, 2], "y": [1.0, 2.0]})
    table = table.with_columns(pl.col("y").cast(pl.Decimal(10, 2)).alias("price"), pl.struct("y").alias("s"))
    assert StatsForecast([Naive()]).forecast(df=table, h=1)["Naive"].to_list() == [2.0]


class Once:
    """Gives the same capsule again, as a stream that is used up."""

    def __init__(self) -> None:
        self.capsule = pa.table({"n": [1]}).__arrow_c_stream__()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.capsule


def test_a_stream_can_be_read_once() -> None:
    once = Once()
    assert Frame(once).to_dict() == {"n": [1]}
    with pytest.raises(InvalidError, match="the stream has been read already") as told:
        Frame(once)
    assert told.value.hint == "a stream can be read once: keep a table of it"
    reader = pa.table({"unique_id": ["a"], "ds": [1], "y": [1.0]}).to_reader()
    reader.read_all()
    with pytest.raises(InsufficientError, match="the table has no rows"):
        StatsForecast([Naive()]).forecast(df=reader, h=1)


def test_an_error_of_the_one_who_gives_is_an_error_here() -> None:
    def batches() -> Any:
        yield pa.record_batch({"n": [1]})
        raise OSError("the disk is gone")

    reader = pa.RecordBatchReader.from_batches(pa.schema({"n": pa.int64()}), batches())
    with pytest.raises(TypeError, match="the disk is gone"):
        Frame(reader)


def test_a_frame_is_shown_in_a_notebook() -> None:
    page = Frame(pl.DataFrame({"t": ["<b>", None] * 15}))._repr_html_()
    assert "&lt;b&gt;" in page and "<b>" not in page
    assert page.endswith("<p>30 rows</p>")


def test_the_default_kind_is_polars() -> None:
    assert isinstance(default(Frame(TYPES)), pl.DataFrame)
    assert like(Frame(TYPES), TYPES.lazy()).equals(default(Frame(TYPES)))
