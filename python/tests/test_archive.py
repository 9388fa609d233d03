"""Archives and snapshots say what the command line says."""

import datetime
import doctest
import os
import signal
import threading
import time

import chipcast
import cli
import pytest
from chipcast import Archive

OURS = ["Archive", "Chain", "Forecast", "Outlook", "Refusal", "Report", "Requirement", "Snapshot", "Svg"]
OURS += ["multiple", "required_purchase", "scale", "scenario"]


@pytest.fixture(scope="module")
def snapshot():
    return Archive.bundled().as_of(cli.AS_OF)


def documented():
    """Each of our classes and functions with its members, and what they say of themselves."""
    for name in OURS:
        thing = getattr(chipcast, name)
        yield name, thing.__doc__
        for member, held in vars(thing).items() if isinstance(thing, type) else ():
            if not member.startswith("_"):
                yield f"{name}.{member}", held.__doc__


@pytest.mark.parametrize(("name", "text"), list(documented()), ids=lambda value: str(value)[:40])
def test_docstrings_exist_and_their_examples_run(name, text):
    assert text and text.strip().endswith((".", "'", "True", "]", ")", "}", "...")) or ">>>" in text
    test = doctest.DocTestParser().get_doctest(text, {}, name, None, 0)
    flags = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL
    said = []
    doctest.DocTestRunner(optionflags=flags, verbose=False).run(test, out=said.append)
    assert not said, "".join(said)


def test_series_are_listed_as_by_data_list(snapshot):
    archive = Archive.bundled()
    cli.same(archive.series(), cli.document("data", "list", as_of=None)["rows"])
    listed = cli.document("data", "list")["rows"]
    assert snapshot.series_ids == [row["series"] for row in listed]


@pytest.mark.parametrize("series", ["nvda.revenue", "msft.capex_cash", "tsmc.revenue_monthly"])
def test_values_and_vintages_are_those_of_data_show(snapshot, series):
    cli.same(snapshot.series(series), cli.document("data", "show", series)["rows"])
    cli.same(snapshot.vintages(series), cli.document("data", "vintages", series)["rows"])


def test_announcements_are_those_of_the_command_line(snapshot):
    wanted = cli.document("data", "announcements", "nvda")["rows"]
    cli.same(snapshot.announcements("NVDA"), wanted)


def test_nothing_of_the_future_is_in_a_snapshot(snapshot):
    for series in ["nvda.revenue", "msft.capex_cash"]:
        frame = cli.rows(snapshot.vintages(series))
        assert max(row["vintage"] for row in frame) <= cli.AS_OF
    earlier = Archive.bundled().as_of(datetime.date(2020, 1, 1))
    assert len(cli.rows(earlier.series("nvda.revenue"))) < len(cli.rows(snapshot.series("nvda.revenue")))


def test_days_are_read_as_text_date_or_timestamp():
    archive = Archive.bundled()
    day = datetime.date(2026, 9, 1)
    for given in ["2026-09-01", day, datetime.datetime(2026, 9, 1, 12)]:
        assert archive.as_of(given).as_of == day
    assert archive.as_of().as_of == archive.known_through
    with pytest.raises(TypeError, match="a day is a date"):
        archive.as_of(20260901)
    with pytest.raises(ValueError, match="no day"):
        archive.as_of("next week")
    with pytest.raises(chipcast.InvalidError):
        archive.as_of("2030-01-01")


def test_an_archive_on_disk_is_the_one_that_the_command_line_wrote(tmp_path):
    with pytest.raises(chipcast.NotFoundError) as raised:
        Archive.open(tmp_path)
    assert raised.value.hint
    table = tmp_path / "table.csv"
    table.write_text(
        "series,period_start,period_end,value,unit,vintage,source,locator\n"
        "acme.revenue,2020-01-01,2020-03-31,2,USD,2020-05-01,a table,row 1\n"
    )
    import subprocess

    command = [cli.binary(), "data", "import", str(table), "--data", str(tmp_path / "data")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    opened = Archive.open(tmp_path / "data")
    assert cli.rows(opened.as_of().series("acme.revenue"))[0]["value"] == 2.0
    (tmp_path / "data" / "archive" / "manifest.json").write_text("{}")
    with pytest.raises(chipcast.StoreError):
        Archive.open(tmp_path / "data")


def test_backtests_are_those_of_the_command_line(snapshot):
    series, models = ["msft.capex_cash", "meta.capex_cash"], ["chipcast", "naive"]
    told = ("backtest", *series, "--models", ",".join(models), "--horizon", 2)
    found = snapshot.backtest(series, models, h=2)
    cli.same(found, cli.document(*told)["rows"])
    by_origin = snapshot.backtest(series, models, h=2, by="origin", start="2020-01-01")
    cli.same(by_origin, cli.document(*told, "--by", "origin", "--from", "2020-01-01")["rows"])
    assert list(cli.rows(by_origin)[0]) == cli.columns(*told, "--by", "origin")
    wanted = "series, model, horizon, n, mae_log, mase, wis, coverage_80, coverage_95, skill, skill_lower"
    assert list(cli.rows(found)[0])[:11] == wanted.split(", ")


def test_a_backtest_of_an_earlier_day_says_the_same_of_what_was_known():
    """No later value moves a forecast of the past."""
    archive = Archive.bundled()

    def medians(day):
        found = cli.rows(archive.as_of(day).backtest("msft.capex_cash", ["chipcast"], h=1, by="origin"))
        return {row["origin_date"]: (row["median"], row["lower_80"]) for row in found}

    early, late = medians("2022-09-01"), medians("2026-09-01")
    assert len(early) > 20 and len(late) > len(early)
    assert all(late[origin] == said for origin, said in early.items())


def test_a_model_without_an_answer_is_named_in_a_warning(snapshot):
    with pytest.warns(UserWarning, match="no rows of `guide`"):
        snapshot.backtest("msft.capex_cash", ["guide", "naive"], h=1)
    with pytest.raises(chipcast.InsufficientError):
        snapshot.backtest("msft.capex_cash", ["guide"], h=1)
    with pytest.raises(chipcast.InvalidError, match="by `year`"):
        snapshot.backtest("msft.capex_cash", by="year")
    with pytest.raises(KeyError):
        snapshot.backtest("msft.capex_cash", ["prophet"])


def test_other_threads_go_on_while_a_backtest_runs(snapshot):
    """The interpreter's lock is released: a clock in another thread is never held up for long."""
    gaps, stop = [], threading.Event()

    def clock():
        last = time.perf_counter()
        while not stop.is_set():
            time.sleep(0.001)
            now = time.perf_counter()
            gaps.append(now - last)
            last = now

    thread = threading.Thread(target=clock)
    thread.start()
    began = time.perf_counter()
    snapshot.backtest("amzn.capex_cash", ["chipcast", "pooled", "ols"], h=4)
    took = time.perf_counter() - began
    stop.set()
    thread.join()
    assert max(gaps) < max(0.5 * took, 0.2), (max(gaps), took)


def test_a_forked_child_can_ask_too(snapshot):
    """No pool of threads is kept that a fork would leave without its threads."""
    median = snapshot.forecast("orcl.capex_cash", h=2).median
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        told = snapshot.forecast("orcl.capex_cash", h=2).median, snapshot.forecast("meta.capex_cash").grade
        os._exit(0 if told[0] == median and told[1] in "ABCD" else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_a_backtest_can_be_interrupted(snapshot):
    timer = threading.Timer(0.3, signal.raise_signal, [signal.SIGINT])
    began = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        timer.start()
        Archive.bundled().as_of("2026-08-31").backtest(["googl.capex_cash", "amzn.capex_cash"], h=8)
    assert time.perf_counter() - began < 1.5


def test_what_a_notebook_shows_is_small_and_escaped(snapshot):
    shown = snapshot._repr_html_()
    assert shown.startswith("<table>") and "nvda.revenue" in shown and len(shown) < 10_000
    assert repr(snapshot).startswith("Snapshot(as_of=2026-09-01, ")
