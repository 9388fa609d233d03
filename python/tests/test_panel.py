"""The calls and columns of statsforecast 2.1.1, and what happens where a series is broken."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.base import clone

from chipcast import InvalidError, StatsForecast, models
from chipcast._core import MODELS

REFERENCE = json.loads((Path(__file__).parent / "reference" / "statsforecast_calls.json").read_text())
TABLE = pl.DataFrame(REFERENCE["table"]).with_columns(pl.col("ds").str.to_date())
PLAIN = ("Naive", "HistoricAverage", "RandomWalkWithDrift")
EXACT = (*PLAIN, "SeasonalNaive")


def model(name: str, **more: Any) -> models.Model:
    season = {} if name in (*PLAIN, "Ridge") else {"season_length": 4}
    return getattr(models, name)(**season, **more)  # type: ignore[no-any-return]


@pytest.mark.parametrize("call", list(REFERENCE["forecast"]))
def test_forecasts_have_statsforecasts_columns_and_rows(call: str) -> None:
    name, level = call.split(" ", 1)
    needed = REFERENCE["forecast"][call]
    forecaster = StatsForecast([model(name)], freq="QE")
    found = forecaster.forecast(df=TABLE, h=5, level=json.loads(level))
    assert found.columns == list(needed)
    assert found["unique_id"].to_list() == needed["unique_id"]
    assert [str(at) for at in found["ds"]] == needed["ds"]
    if name in EXACT:
        column = forecaster.models[0].alias
        np.testing.assert_allclose(found[column], needed[column], rtol=1e-12)
    fitted = forecaster.fit(TABLE).predict(h=5, level=json.loads(level))
    assert fitted.equals(found)


@pytest.mark.parametrize("name", list(REFERENCE["cross_validation"]))
def test_cross_validation_has_statsforecasts_origins(name: str) -> None:
    needed = REFERENCE["cross_validation"][name]
    forecaster = StatsForecast([model(name)], freq="QE")
    found = forecaster.cross_validation(df=TABLE, h=3, n_windows=3, step_size=2)
    assert found.columns == list(needed)
    for column in ("unique_id", "ds", "cutoff"):
        assert [str(value) for value in found[column]] == needed[column]
    assert found["y"].to_list() == needed["y"]
    if name in EXACT:
        column = forecaster.models[0].alias
        np.testing.assert_allclose(found[column], needed[column], rtol=1e-12)
    by_size = forecaster.cross_validation(df=TABLE, h=3, test_size=7, step_size=2)
    assert by_size.equals(found)


def test_an_origin_sees_nothing_after_it() -> None:
    forecaster = StatsForecast([models.Chipcast(), model("AutoETS")], freq="QE")
    asked = {"h": 2, "n_windows": 2, "level": [80]}
    found = forecaster.cross_validation(df=TABLE, **asked)
    last = TABLE["ds"].max()
    wild = TABLE.with_columns(pl.when(pl.col("ds") == last).then(1e9).otherwise("y").alias("y"))
    other = forecaster.cross_validation(df=wild, **asked)
    early = pl.col("cutoff") == found["cutoff"].min()
    assert other.filter(early).drop("y").equals(found.filter(early).drop("y"))


def test_columns_may_have_other_names() -> None:
    renamed = TABLE.rename({"unique_id": "shop", "ds": "month", "y": "sold"})
    names = {"id_col": "shop", "time_col": "month", "target_col": "sold"}
    forecaster = StatsForecast([models.Naive()], freq="QE")
    assert forecaster.forecast(df=renamed, h=1, **names).columns == ["shop", "month", "Naive"]
    found = forecaster.cross_validation(df=renamed, h=1, **names)
    assert found.columns == ["shop", "month", "cutoff", "sold", "Naive"]


def test_a_series_that_fails_is_a_row_and_changes_no_other() -> None:
    broken = pl.DataFrame({"unique_id": ["c"] * 2, "ds": ["x", "y"], "y": [1.0, 2.0]})
    texts = pl.concat([TABLE.with_columns(pl.col("ds").cast(pl.String)), broken])
    forecaster = StatsForecast([models.Chipcast(), models.Naive()], n_jobs=2)
    found = forecaster.forecast(df=texts, h=2, level=[90])
    status = forecaster.status_.filter(unique_id="c")
    assert status["status"].to_list() == ["failed", "failed"]
    assert status["model_used"].to_list() == [None, None]
    assert "is not a date, a timestamp or a whole number" in status["fallback_reason"][0]
    rows = found.filter(unique_id="c").drop("unique_id")
    assert rows.height == 2 and all(rows[name].null_count() == 2 for name in rows.columns)
    whole = forecaster.forecast(df=TABLE.with_columns(pl.col("ds").cast(pl.String)), h=2, level=[90])
    assert found.filter(pl.col("unique_id") != "c").equals(whole)


def test_the_fallback_model_answers_where_another_fails() -> None:
    single = pl.DataFrame({"unique_id": ["c"], "ds": [TABLE["ds"][0]], "y": [5.0]})
    long = StatsForecast([models.Ridge()], freq="QE")
    with_one = StatsForecast([models.Ridge()], freq="QE", fallback_model=models.Naive())
    rows = pl.concat([TABLE, single])
    for forecaster in (long, with_one):
        found = forecaster.forecast(df=rows, h=1).filter(unique_id="c")
        assert found["Ridge"].to_list() == [5.0]
        assert forecaster.status_.filter(unique_id="c")["status"].to_list() == ["fallback"]
    nothing = pl.concat([TABLE, single.with_columns(y=pl.lit(None, dtype=pl.Float64))])
    with_one.forecast(df=nothing, h=1)
    assert with_one.status_.filter(unique_id="c")["status"].to_list() == ["failed"]


def test_one_value_goes_on_by_the_frequency() -> None:
    single = pl.DataFrame({"unique_id": ["c"], "ds": [TABLE["ds"][0]], "y": [5.0]})
    found = StatsForecast([models.Naive()], freq="QE").forecast(df=single, h=3)
    assert [str(at) for at in found["ds"]] == ["2015-06-30", "2015-09-30", "2015-12-31"]


def test_another_frequency_than_the_datas_is_told() -> None:
    forecaster = StatsForecast([models.Naive()], freq="D")
    assert forecaster.forecast(df=TABLE, h=1)["Naive"].null_count() == 2
    told = forecaster.status_["fallback_reason"][0]
    assert told == "`freq` is 1 days, and `ds` goes on from `2024-12-31` to `2025-03-31`"


def test_any_number_of_threads_gives_the_same_bytes() -> None:
    every = [model(name) for name in MODELS]
    one = StatsForecast(every, freq="QE", n_jobs=1).forecast(df=TABLE, h=4, level=[50, 95])
    two = StatsForecast(every, freq="QE", n_jobs=2).forecast(df=TABLE, h=4, level=[50, 95])
    assert one.equals(two)


def test_ridge_reads_the_other_columns() -> None:
    n = 40
    x = np.cos(np.arange(n + 3))
    rows = pl.DataFrame({"unique_id": "a", "ds": np.arange(n), "y": 3 + 2 * x[:n], "x": x[:n]})
    ahead = pl.DataFrame({"unique_id": "a", "ds": np.arange(n, n + 3), "x": x[n:]})
    forecaster = StatsForecast([models.Ridge(lags=(), penalty=0.0), models.Naive()], freq=1)
    found = forecaster.forecast(df=rows, h=3, X_df=ahead)
    np.testing.assert_allclose(found["Ridge"], 3 + 2 * x[n:], rtol=1e-9)
    assert forecaster.fit(rows).predict(h=3, X_df=ahead).equals(found)
    tried = forecaster.cross_validation(df=rows, h=3, n_windows=2)
    np.testing.assert_allclose(tried["Ridge"], tried["y"], rtol=1e-9)
    with pytest.raises(InvalidError, match="the drivers x are not known ahead"):
        forecaster.forecast(df=rows, h=3)
    with pytest.raises(InvalidError, match="no model here reads `X_df`"):
        StatsForecast([models.Naive()]).forecast(df=rows, h=3, X_df=ahead)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: models.AutoARIMA(season_length=4), "`AutoARIMA` is not offered"),
        (lambda: StatsForecast([]), "no model is given"),
        (lambda: StatsForecast(["AutoETS"]), "a model is one of `chipcast.models`"),  # type: ignore[list-item]
        (lambda: StatsForecast([models.Naive(), models.Naive()]), "two models have one name: Naive, Naive"),
        (lambda: StatsForecast([models.Naive()], freq="B"), "the frequency `B` has no even steps"),
        (lambda: StatsForecast([models.Naive()], freq="fortnight"), "no frequency `fortnight`"),
        (lambda: StatsForecast([models.Naive()], n_jobs=0), "`n_jobs` is a whole number, 1 or more"),
        (lambda: models.Naive().set_params(season=1), "`Naive` has no parameter `season`"),
        (lambda: StatsForecast([models.Naive()]).predict(1), "nothing is fitted yet"),
    ],
)
def test_what_is_not_offered_says_so(make: Any, told: str) -> None:
    with pytest.raises(InvalidError, match=told):
        make()


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"h": 0}, "`h` is a whole number, 1 or more; found is 0"),
        ({"h": 401}, "horizon 401 asked; needed is 1 to 400 periods"),
        ({"h": 1, "level": [0]}, "a level is between 0 and 100; found is 0"),
        ({"h": 1, "level": [float("nan")]}, "a level is between 0 and 100"),
        ({"h": 1, "fitted": True}, "`fitted` is not offered"),
    ],
)
def test_what_is_asked_wrongly_says_so(asked: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidError, match=told):
        StatsForecast([models.Naive()]).forecast(df=TABLE, **asked)


def test_a_form_of_a_model_that_is_not_offered_says_so() -> None:
    for wrong in (models.AutoETS(model="AAN"), models.Holt(error_type="M"), model("SeasonalNaive").set_params(season_length=0)):
        with pytest.raises(InvalidError):
            StatsForecast([wrong]).forecast(df=TABLE, h=1)


def test_the_manners_of_scikit_learn() -> None:
    forecaster = StatsForecast([models.AutoETS(season_length=4, alias="e")], freq="QE")
    assert repr(clone(forecaster)) == repr(forecaster) == "StatsForecast(models=[e])"
    assert clone(forecaster).get_params()["models"] == forecaster.models
    assert clone(forecaster.models[0]) == forecaster.models[0]
    assert forecaster.fit(TABLE) is forecaster
    assert hasattr(forecaster, "panel_") and not hasattr(clone(forecaster), "panel_")
    assert forecaster.set_params(freq=None).freq is None
    again = pickle.loads(pickle.dumps(forecaster))
    assert again.get_params() == forecaster.get_params()
    forecaster.predict(h=1)
    assert "<table" in forecaster._repr_html_()


def big(n: int = 3_000) -> pl.DataFrame:
    """A panel that takes seconds."""
    y = np.random.default_rng(0).normal(size=(n, 120)).cumsum(axis=1) + 500
    return pl.DataFrame({"unique_id": np.repeat(np.arange(n), 120), "ds": np.tile(np.arange(120), n), "y": y.ravel()})


@pytest.mark.parametrize("level", [None, [80]], ids=["answering", "learning"])
def test_ctrl_c_ends_a_call_at_once(level: list[int] | None) -> None:
    table = big()
    forecaster = StatsForecast([model("AutoETS", alias="e"), model("AutoCES", alias="c")], freq=1)
    sent: list[float] = []

    def press() -> None:
        time.sleep(0.5)
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    presser = threading.Thread(target=press)
    presser.start()
    with pytest.raises(KeyboardInterrupt):
        forecaster.forecast(df=table, h=12, level=level)
    assert time.perf_counter() - sent[0] < 1.0
    presser.join()
    # The work stops at its next series: soon no thread of this process computes.
    time.sleep(0.3)
    before = time.process_time()
    time.sleep(0.5)
    assert time.process_time() - before < 0.2


def test_other_threads_run_meanwhile() -> None:
    table, counted, done = big(400), [0], threading.Event()

    def count() -> None:
        while not done.is_set():
            counted[0] += 1
            time.sleep(0.001)

    counter = threading.Thread(target=count)
    counter.start()
    started = time.perf_counter()
    StatsForecast([model("AutoETS")], freq=1).forecast(df=table, h=4)
    took = time.perf_counter() - started
    done.set()
    counter.join()
    assert counted[0] > 100 * took


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_can_forecast() -> None:
    forecaster = StatsForecast([models.Chipcast()], freq="QE", n_jobs=2)
    needed = forecaster.forecast(df=TABLE.to_dict(as_series=False), h=2)
    arrow = TABLE.to_arrow()
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        found = forecaster.forecast(df=arrow, h=2).to_pydict()
        os._exit(0 if found["Chipcast"] == needed["Chipcast"] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_progress_is_for_people_alone() -> None:
    script = (
        "from chipcast import StatsForecast, models; StatsForecast([models.Naive()], verbose=True)"
        ".forecast(df={'unique_id': ['a'], 'ds': [1], 'y': [1.0]}, h=1)"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd="/")
    assert (told.stdout, told.stderr) == ("", "")
