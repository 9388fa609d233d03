"""Lessons and their answers: the same bytes however a panel is spread; and the same of Spark and Ray.

Spark and Ray are heavy: `make cluster` installs them and sets CHIPCAST_SLOW.
"""

import datetime
import math
import os
import sys

import pytest

pa = pytest.importorskip("pyarrow")

from chipcast import InvalidError, StatsForecast, distributed  # noqa: E402
from chipcast.models import AutoETS, Chipcast, Naive, SeasonalNaive  # noqa: E402

DAYS = [datetime.date(2018 + idx // 12, idx % 12 + 1, 1) for idx in range(48)]
CUTOFFS = [DAYS[35], DAYS[41], DAYS[47]]
slow = pytest.mark.skipif(not os.environ.get("CHIPCAST_SLOW"), reason="`make cluster` runs it")


def panel(n=30):
    """Made-up months; the last series has a day twice, and so cannot be forecast."""
    ids = [f"s{idx:02d}" for idx in range(n) for _ in DAYS]
    values = [
        (20 + idx) * (1 + idx / 900) ** t * (1 + 0.1 * math.sin(t / 2 + idx)) + (idx * 31 + t * 17) % 11
        for idx in range(n) for t in range(len(DAYS))
    ]
    days = DAYS * (n - 1) + DAYS[:-1] + DAYS[-2:-1]
    return pa.table({"unique_id": ids, "ds": pa.array(days, pa.date32()), "y": values})


def forecaster():
    models = [Chipcast(season_length=12), AutoETS(season_length=12), SeasonalNaive(season_length=12)]
    return StatsForecast(models, freq="MS")


def ordered(table):
    keys = [name for name in ["unique_id", "cutoff", "ds"] if name in table.column_names]
    return table.sort_by([(key, "ascending") for key in keys]).combine_chunks()


def test_a_lesson_answers_as_the_panel_itself_does():
    table = panel()
    lesson = distributed.learn(table, forecaster(), h=3, level=[80, 95])
    found = distributed.answer_table(table, lesson)
    local = forecaster()
    expected = local.forecast(df=table, h=3, level=[80, 95])
    for name in expected.column_names:
        assert found[name].to_pylist() == expected[name].to_pylist(), name
    assert found["Chipcast-status"].to_pylist()[::3] == [
        row["status"] for row in local.status_.to_pylist() if row["model"] == "Chipcast"
    ]


@pytest.mark.parametrize("n", [1, 2, 7, 60])
def test_the_answer_is_the_same_however_rows_are_spread(n):
    table = panel()
    lesson = distributed.learn(table, forecaster(), h=3, level=[80], cutoffs=CUTOFFS)
    rows = distributed.known_at(table, lesson)
    whole = ordered(distributed.answer_table(rows, lesson))
    spread = distributed.bucketed(rows, lesson, n)
    parts = [spread.filter(pa.compute.equal(spread["bucket"], nth)) for nth in range(n)]
    assert sum(map(len, parts)) == len(rows)
    assert ordered(pa.concat_tables(distributed.answer_table(p, lesson) for p in parts)).equals(whole)
    assert whole.schema == distributed.schema(lesson, table.schema)
    assert len(whole) == 30 * 3 * len(CUTOFFS)


def test_an_origin_sees_nothing_later():
    table, later = panel(), CUTOFFS[1]
    changed = [
        y + 1000 * (day > later) for y, day in zip(table["y"].to_pylist(), table["ds"].to_pylist())
    ]
    other = table.set_column(2, "y", pa.array(changed))

    def at(rows, cutoffs):
        lesson = distributed.learn(rows, forecaster(), h=3, level=[80], cutoffs=cutoffs)
        return distributed.answer_table(distributed.known_at(rows, lesson), lesson)

    assert at(table, CUTOFFS[:2]).equals(at(other, CUTOFFS[:2]))
    assert not at(table, CUTOFFS).equals(at(other, CUTOFFS)), "the change can be seen at all"


def test_a_series_that_fails_is_rows_with_their_reason():
    table = panel()
    lesson = distributed.learn(table, StatsForecast([Naive()]), h=2)
    found = distributed.answer_table(table, lesson).to_pylist()[-2:]
    assert [row["Naive"] for row in found] == [None, None]
    assert {row["Naive-status"] for row in found} == {"failed"}
    assert "stands twice" in found[0]["Naive-reason"]


def test_what_was_not_learned_is_an_error():
    table = panel(3)
    with pytest.raises(InvalidError, match="nothing is known at the cutoff 2001-01-01"):
        distributed.learn(table, StatsForecast([Naive()]), h=1, cutoffs=[datetime.date(2001, 1, 1)])
    lesson = distributed.learn(table, StatsForecast([Naive()]), h=1, cutoffs=CUTOFFS[:1])
    rows = distributed.known_at(table, distributed.learn(table, StatsForecast([Naive()]), 1, None, CUTOFFS))
    with pytest.raises(InvalidError, match="nothing was learned at the cutoff 2021-06-01"):
        distributed.answer_table(rows, lesson)


def expected():
    table = panel()
    lesson = distributed.learn(table, forecaster(), h=3, level=[80], cutoffs=CUTOFFS)
    return table, lesson, ordered(distributed.answer_table(distributed.known_at(table, lesson), lesson))


@slow
def test_spark_gives_the_same_bytes(monkeypatch):
    sql = pytest.importorskip("pyspark.sql")
    import chipcast.spark

    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    session = sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    try:
        table, lesson, told = expected()
        frame = session.createDataFrame(table)
        found = chipcast.spark.forecast(frame, lesson, n_partitions=4).toArrow()
        assert ordered(found).cast(told.schema).equals(told)
        lesson = distributed.learn(table, forecaster(), h=3)
        found = chipcast.spark.forecast(frame, lesson, n_partitions=2).toArrow()
        assert ordered(found).cast(distributed.schema(lesson, table.schema)).equals(
            ordered(distributed.answer_table(table, lesson))
        )
    finally:
        session.stop()


@slow
def test_ray_gives_the_same_bytes():
    ray = pytest.importorskip("ray")
    import ray.data

    import chipcast.ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        table, lesson, told = expected()
        found = chipcast.ray.forecast(ray.data.from_arrow(table), lesson, n_partitions=4)
        found = pa.concat_tables(ray.get(found.to_arrow_refs()))
        assert ordered(found.select(told.column_names)).equals(told)
    finally:
        ray.shutdown()
