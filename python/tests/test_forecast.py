"""Forecasts, refusals, skill and news say what the command line says."""

import datetime
import re

import chipcast
import cli
import pytest
from chipcast import Archive


@pytest.fixture(scope="module")
def archive():
    return Archive.bundled()


@pytest.fixture(scope="module")
def snapshot(archive):
    return archive.as_of(cli.AS_OF)


@pytest.mark.parametrize(
    ("series", "h", "model"),
    [
        ("nvda.revenue", 4, "chipcast"),
        ("msft.capex_cash", 2, "pooled"),
        ("tsmc.revenue_monthly", 3, "chipcast"),
    ],
)
def test_rows_are_those_of_the_command_line(snapshot, series, h, model):
    told = ("forecast", series, "--horizon", h, "--model", model)
    wanted = cli.document(*told, "--coverage", 0.8, "--coverage", 0.95, codes=(0, 3))["rows"]
    forecast = snapshot.forecast(series, h=h, model=model)
    cli.same(forecast.frame, wanted)
    assert list(cli.rows(forecast.frame)[0]) == cli.columns(*told, codes=(0, 3))
    assert [outlook.horizon for outlook in forecast] == list(range(1, h + 1))


def test_attributes_are_what_the_rows_say(snapshot):
    forecast = snapshot.forecast("nvda.revenue", h=2, level=[50, 90])
    rows = [row for row in cli.rows(forecast.frame) if row["horizon"] == 1]
    assert forecast.median == rows[0]["value"] and rows[0]["output_type"] == "median"
    assert forecast.interval == (rows[1]["value"], rows[2]["value"])
    assert forecast[0].interval(90) == (rows[3]["value"], rows[4]["value"])
    assert forecast.grade == rows[0]["grade"] and forecast.refusal is None
    assert forecast[-1].period_end.isoformat() == cli.rows(forecast.frame)[-1]["target_end_date"]
    assert forecast.origin == datetime.date(2026, 9, 1)
    with pytest.raises(IndexError):
        forecast[2]


def test_a_refusal_is_an_answer_and_shows_no_median(archive):
    refused = archive.as_of("2026-09-01").forecast("nvda.revenue", h=12)[11]
    assert refused.median is None and refused.interval() is None and refused.grade == "D"
    refusal = refused.refusal
    assert refusal.reason in {"no_skill", "short_record", "beyond_horizon"}
    assert refusal.measured and refusal.needs
    shown = archive.as_of("2026-09-01").forecast("nvda.revenue", h=12)._repr_html_()
    assert "No forecast" in shown


def test_a_coverage_beyond_the_sample_is_refused(snapshot):
    forecast = snapshot.forecast("nvda.revenue", level=[80, 99.99])
    assert forecast[0].interval(99.99) is None and forecast.median is not None
    codes = [row["output_type_id"] for row in cli.rows(forecast.frame) if row["output_type"] == "refusal"]
    assert codes == ["coverage_too_high"]


def test_bad_questions_are_refused_in_words(snapshot):
    with pytest.raises(chipcast.InvalidError, match="coverage 0 asked") as raised:
        snapshot.forecast("nvda.revenue", level=[0])
    assert "per cent" in raised.value.hint
    with pytest.raises(chipcast.InvalidError, match="horizon 0"):
        snapshot.forecast("nvda.revenue", h=0)
    with pytest.raises(chipcast.NotFoundError, match="no model"):
        snapshot.forecast("nvda.revenue", model="prophet")
    with pytest.raises(chipcast.NotFoundError):
        snapshot.forecast("nvda.revenu")
    with pytest.raises(TypeError):
        snapshot.forecast("nvda.revenue", horizon=2)


def test_skill_is_that_of_the_command_line(snapshot):
    told = ("skill", "nvda.revenue", "--models", "chipcast", "--horizon", 4)
    wanted = cli.document(*told)["rows"]
    found = snapshot.forecast("nvda.revenue").skill(h=4)
    cli.same(found, wanted)
    assert {"horizon", "n", "skill", "skill_lower", "horizon_cap"} <= set(wanted[0])


def test_news_is_that_of_the_command_line_and_adds_up(archive, snapshot):
    told = ("news", "nvda.revenue", "--from", "2026-05-01", "--horizon", 2)
    wanted = cli.document(*told)
    forecast = snapshot.forecast("nvda.revenue", h=2)
    events = forecast.news("2026-05-01")
    cli.same(events, wanted["rows"])
    assert list(cli.rows(events)[0]) == cli.columns(*told)
    cli.same(forecast.news("2026-05-01", by="period"), wanted["summary"])
    then = archive.as_of("2026-05-01")
    for earlier in [then, then.forecast("nvda.revenue"), datetime.date(2026, 5, 1)]:
        assert cli.rows(forecast.news(earlier)) == wanted["rows"]
    for period in wanted["summary"]:
        own = [r["impact"] for r in cli.rows(events) if r["target_period_end"] == period["target_period_end"]]
        change = period["estimate_new"] - period["estimate_prev"]
        assert sum(own) == pytest.approx(change, rel=1e-9, abs=1e-3)


def test_news_ends_at_the_estimates_of_both_days(archive):
    """What is told as before and after is what a forecast of that day says."""
    late, early = (archive.as_of(day).forecast("nvda.revenue", h=2) for day in ["2026-05-25", "2026-05-01"])
    periods = {row["target_period_end"]: row for row in cli.rows(late.news(early, by="period"))}
    ahead = periods[late[0].period_end.isoformat()]
    before = next(step for step in early if step.period_end == late[0].period_end)
    assert ahead["estimate_new"] == late.median and ahead["estimate_prev"] == before.median


def test_news_of_the_future_or_of_another_archive_is_refused(archive, snapshot, tmp_path):
    forecast = snapshot.forecast("nvda.revenue")
    with pytest.raises(chipcast.InvalidError, match="lies after"):
        forecast.news("2026-09-20")
    with pytest.raises(chipcast.InvalidError, match="by `week`"):
        forecast.news("2026-05-01", by="week")


def test_a_fan_stands_alone_and_its_page_fits_a_notebook(snapshot, tmp_path):
    forecast = snapshot.forecast("msft.capex_cash", h=4)
    fan = forecast.plot()
    assert fan.svg.startswith("<svg") and "xmlns" in fan.svg and "var(--" not in fan.svg
    assert fan.save(tmp_path / "fan.svg").read_text() == fan.svg == fan._repr_svg_()
    page = forecast._repr_html_()
    assert "<svg" in page and "<table>" in page and "<script" not in page
    assert len(page) < 60_000
    assert page == forecast._repr_html_()
    assert repr(forecast).startswith("Forecast(msft.capex_cash, origin=2026-09-01, ")


def test_two_looks_in_one_notebook_share_no_id(snapshot):
    def ids(shown: str) -> set[str]:
        return set(re.findall(r' id="([^"]+)"', shown))

    one, other = (snapshot.forecast(series, h=12) for series in ("msft.capex_cash", "nvda.revenue"))
    for looks in [(one._repr_html_(), other._repr_html_()), (one.plot().svg, other.plot().svg)]:
        assert ids(looks[0]) and not ids(looks[0]) & ids(looks[1])
        for look in looks:
            assert set(re.findall(r"url\(#([^)]+)\)", look)) <= ids(look)
