"""The industry's own series: Chipcast in pseudo real time beside statsforecast on the same rows.

Every peer is given what was public at each origin, on the log scale: the same information as the engine,
announcements apart, which none of them can read. Errors are absolute log errors against first releases.
"""

import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from common import (Chipcast, Check, geometric_mean_ratio, interval_of_mean, interval_of_ratio)

BUYERS = [f"{company}.capex_cash" for company in ("msft", "googl", "amzn", "meta")]
FIRMS = [f"{company}.revenue" for company in
         "aapl amd amzn avgo dell googl intc meta msft mu orcl smci tsm".split()]
HORIZONS = 4


def peers(chipcast, pairs) -> tuple[pd.DataFrame, list[str]]:
    """Medians and 80% and 95% ends of statsforecast's models for (series, origin) pairs."""
    warnings.filterwarnings("ignore")
    from statsforecast import StatsForecast
    from statsforecast.models import (AutoARIMA, AutoCES, AutoETS, AutoTheta, Naive,
                                      RandomWalkWithDrift)

    known = {pair: chipcast.known(*pair) for pair in pairs}
    frame = pd.concat(pd.DataFrame({"unique_id": "|".join(pair), "ds": np.arange(len(y)),
                                    "y": np.log(y)}) for pair, y in known.items())
    models = [AutoARIMA(season_length=4), AutoETS(season_length=4), AutoTheta(season_length=4),
              AutoCES(season_length=4), RandomWalkWithDrift()]
    fitted = StatsForecast(models=models, freq=1, n_jobs=1, fallback_model=Naive())
    rows = fitted.forecast(df=frame, h=HORIZONS, level=[80, 95]).reset_index()
    rows["horizon"] = rows.ds - rows.unique_id.map(frame.groupby("unique_id").size()) + 1
    rows[["series", "origin_date"]] = rows.unique_id.str.split("|", expand=True)
    names = ["AutoARIMA", "AutoETS", "AutoTheta", "CES", "RWD"]
    four = ["AutoARIMA", "AutoETS", "AutoTheta", "CES"]
    for ending in ("", "-lo-80", "-hi-80", "-lo-95", "-hi-95"):
        rows[f"median4{ending}"] = rows[[name + ending for name in four]].median(axis=1)
    return rows, [*names, "median4"]


def pooled_rules(chipcast, pairs) -> pd.DataFrame:
    """Two rules known on these rows: one long-run drift for all, and yearly growth / 4 for all."""
    rows = []
    for series, day in pairs:
        panel = [np.log(chipcast.known(member, day)) for member in BUYERS]
        last = np.log(chipcast.known(series, day)[-1])
        drift = np.mean([(y[-1] - y[0]) / (len(y) - 1) for y in panel if len(y) > 1])
        yearly = np.mean([(y[-1] - y[-5]) / 4 for y in panel if len(y) > 4] or [0.0])
        rows += [(series, day, h, last + h * drift, last + h * yearly)
                 for h in range(1, HORIZONS + 1)]
    return pd.DataFrame(rows, columns=["series", "origin_date", "horizon", "pooled_drift",
                                       "pooled_yearly"])


def errors_beside(chipcast, series, start, extra=None):
    """One row a forecast with the absolute log error of every model, and the peers' names."""
    rows = chipcast.backtest(series, ["chipcast", "naive"], start)
    key = ["series", "origin_date", "horizon"]
    ours = rows[rows.model == "chipcast"]
    naive = rows[rows.model == "naive"][[*key, "e"]].rename(columns={"e": "naive"})
    pairs = sorted(set(zip(ours.series, ours.origin_date)))
    theirs, names = peers(chipcast, pairs)
    table = ours.merge(naive, on=key).merge(theirs, on=key, how="left").rename(
        columns={"e": "chipcast"})
    if extra is not None:
        more = extra(chipcast, pairs)
        table, names = table.merge(more, on=key, how="left"), [*names, *more.columns[3:]]
    table["y"] = np.log(table.actual)
    for name in names:
        table[f"{name}-at"] = table[name]
        table[name] = (table[name] - table.y).abs()
    return table, names


def show(table, names, title):
    means = table.groupby("horizon")[["naive", *names, "chipcast"]].mean().T
    means["ratio"] = [geometric_mean_ratio(table, name, "naive") for name in means.index]
    counts = "/".join(str(n) for n in table.groupby("horizon").size())
    print(f"\n{title} (n = {counts}); ratio: geometric mean over horizons against naive")
    print(means.round(4).to_string())


def guided(chipcast) -> list[Check]:
    rows = chipcast.backtest(["nvda.revenue"], ["chipcast", "guide", "naive"], "2020-11-01")
    first = rows[rows.horizon == 1].pivot(index="target_end_date", columns="model",
                                          values=["median", "actual", "e"]).sort_index()
    first = first[first.index <= "2026-07-26"]
    errors = first["e"]
    guides = chipcast.backtest(["nvda.revenue"], ["guide"], "2015-01-01")
    guides = guides[guides.horizon == 1].sort_values("target_end_date")
    surprise = np.log(guides.actual) - np.log(guides["median"])
    expected = surprise.expanding().mean().shift(1).fillna(0.0)
    rival = pd.Series((surprise - expected).abs().to_numpy(), index=guides.target_end_date)
    rival = rival.loc[errors.index]
    print(f"\nNVIDIA revenue, horizon 1 with the guide known, {len(errors)} quarters: "
          f"chipcast {errors.chipcast.mean():.4f}, guide {errors.guide.mean():.4f}, "
          f"guide x mean surprise so far {rival.mean():.4f}, last value {errors.naive.mean():.4f}")
    return [
        Check("nvda.revenue guided: quarters", str(len(errors)), "23", len(errors) == 23),
        Check.at_most("nvda.revenue guided: error", errors.chipcast.mean(), 0.042),
        Check.at_most("nvda.revenue guided: last 8", errors.chipcast.tail(8).mean(), 0.015),
        Check.at_most("nvda.revenue guided: ratio to guide x mean surprise",
                      errors.chipcast.mean() / rival.mean(), 1.03, 3),
    ]


def announced(chipcast) -> list[Check]:
    rows = chipcast.table("--as-of", "2022-08-09", "forecast", "nvda.revenue", "--horizon", 1)
    median = rows[rows.output_type == "median"].value.iloc[0] / 1e9
    return [Check("2022-08-09: quarter to 2022-07-31, bn USD (announced 6.70)", f"{median:.2f}",
                  "6.63 to 6.77", bool(abs(median - 6.70) < 0.07))]


def revenue(chipcast) -> list[Check]:
    checks = []
    for series in ("nvda.revenue", "nvda.revenue.data_center"):
        # The origin after the quarter of January 2021 is the first, of January 2026 the last.
        table, names = errors_beside(chipcast, [series], "2021-02-01")
        table = table[table.origin_date < "2026-04-01"]
        show(table, names, series)
        if series != "nvda.revenue":
            continue
        means = table.groupby("horizon")[[*names, "chipcast"]].mean()
        best = means[names].min(axis=1)
        for horizon in range(1, HORIZONS + 1):
            bound = 0.90 if horizon < 4 else 1.0
            checks.append(Check.at_most(
                f"{series} h{horizon}: ratio to the best peer ({means[names].idxmin(axis=1)[horizon]})",
                means.chipcast[horizon] / best[horizon], bound, 3))
    return checks


def capex(chipcast) -> tuple[list[Check], pd.DataFrame, list[str]]:
    table, names = errors_beside(chipcast, BUYERS, "2021-04-01", pooled_rules)
    show(table, names, "capital expenditure of the four buyers")
    ratio = geometric_mean_ratio(table, "chipcast", "naive")
    library = [name for name in names if not name.startswith("pooled")]
    best = min(library, key=lambda name: geometric_mean_ratio(table, name, "naive"))
    checks = [
        Check("capex: rows", "/".join(str(n) for n in table.groupby("horizon").size()),
              "84/80/76/72", list(table.groupby("horizon").size()) == [84, 80, 76, 72]),
        Check.at_most("capex: ratio to naive", ratio, 0.78, 3),
        Check.at_most(f"capex: ratio to the best peer ({best})",
                      ratio / geometric_mean_ratio(table, best, "naive"), 0.9999, 3),
    ]
    for rule in ("pooled_drift", "pooled_yearly"):
        theirs = geometric_mean_ratio(table, rule, "naive")
        checks.append(Check(f"capex: {rule} {theirs:.3f} beaten", "yes" if ratio < theirs else "no"))
    eras = {"to 2023": table.origin_date < "2024", "from 2024": table.origin_date >= "2024"}
    for era, of_era in eras.items():
        part = table[of_era]
        show(part, names, f"capital expenditure, origins {era}")
        checks.append(Check.at_most(f"capex {era}: ratio to naive",
                                    geometric_mean_ratio(part, "chipcast", "naive"), 1.10, 3))
        for horizon, rows in part.groupby("horizon"):
            low, high = interval_of_ratio(rows, "chipcast", "naive", horizon)
            at = rows.chipcast.mean() / rows.naive.mean()
            checks.append(Check(f"capex {era} h{horizon}: ratio, 90% block bootstrap",
                                f"{at:.3f} [{low:.3f}, {high:.3f}]"))
    return checks, table, library


def interval_score(low, high, y, coverage):
    alpha = 1.0 - coverage
    return (high - low) + 2 / alpha * (low - y).clip(lower=0) + 2 / alpha * (y - high).clip(lower=0)


def intervals(table, names, label) -> list[Check]:
    checks, scores = [], {}
    table = table.copy()
    for coverage, pooled in ((80, 0.70), (95, 0.88)):
        low, high = np.log(table[f"lower_{coverage}"]), np.log(table[f"upper_{coverage}"])
        table["inside"] = ((low <= table.y) & (table.y <= high)).astype(float)
        claimed = table[low.notna()]
        for horizon, rows in claimed.groupby("horizon"):
            least, most = interval_of_mean(rows, "inside", horizon)
            checks.append(Check(
                f"{label} h{horizon}: coverage of the {coverage}% interval",
                f"{rows.inside.mean():.2f} of {len(rows)}, 99% [{least:.2f}, {most:.2f}]",
                f"{coverage / 100} inside", bool(least <= coverage / 100 <= most)))
        checks.append(Check.at_least(f"{label}: coverage at {coverage}%, horizons together",
                                     claimed.inside.mean(), pooled, 3))
    claimed = table[table.lower_80.notna()]
    scores["chipcast"] = interval_score(np.log(claimed.lower_80), np.log(claimed.upper_80),
                                        claimed.y, 0.80).mean()
    for name in names:
        scores[name] = interval_score(claimed[f"{name}-lo-80"], claimed[f"{name}-hi-80"],
                                      claimed.y, 0.80).mean()
    print(f"\n{label}: mean 80% interval score on the log scale, "
          + ", ".join(f"{name} {score:.3f}" for name, score in scores.items()))
    best = min(names, key=lambda name: scores[name])
    return [*checks, Check.at_most(f"{label}: 80% interval score, ratio to the best peer ({best})",
                                   scores["chipcast"] / scores[best], 1.0, 3)]


def firms(chipcast) -> list[Check]:
    from arch.bootstrap import MCS

    table, names = errors_beside(chipcast, FIRMS, "2021-01-01")
    show(table, names, "revenue of thirteen firms")
    ratio = geometric_mean_ratio(table, "chipcast", "naive")
    best = min(names, key=lambda name: geometric_mean_ratio(table, name, "naive"))
    checks = [Check.at_most(f"firms: ratio to the best peer on average ({best})",
                            ratio / geometric_mean_ratio(table, best, "naive"), 0.9999, 3)]
    for horizon, rows in table.groupby("horizon"):
        losses = rows.groupby("quarter")[["chipcast", "naive", *names]].mean()
        kept = MCS(losses, size=0.10, reps=2000, block_size=max(2, horizon), seed=1)
        kept.compute()
        members = ", ".join(map(str, kept.included))
        checks.append(Check(f"firms h{horizon}: 90% model confidence set", members, "chipcast in it",
                            "chipcast" in kept.included))
    return checks + intervals(table, names, "firms")


def run(release: Path, shared: Path) -> list[Check]:
    """All claims about the industry's series; `release` holds the binary."""
    binary = release / "chipcast"
    bundled = Chipcast(binary)
    checks = guided(bundled) + announced(bundled)
    with tempfile.TemporaryDirectory() as folder:
        # The peers' whole history: the bundled rows and NVIDIA's companyfacts in one archive.
        facts = Chipcast(binary, Path(folder))
        payload = next((shared / "data/raw/edgar/companyfacts").glob("*1045810*"))
        facts.table("ingest", "edgar", "--from-file", payload)
        checks += revenue(facts)
    capex_checks, table, names = capex(bundled)
    return checks + capex_checks + intervals(table, names, "capex") + firms(bundled)
