"""An archive of SEC's shape, made up: what it weighs, what `as_of` of one series costs, and what all of it would.

    python3 benches/scale.py [--rows 100000000] [--gigabytes 6] [--minutes 40] [--write]

Archives of 10^5 to `--rows` rows are written by the example `made_up_archive` through the store, in two layouts:
by company (a bulk load) and by day (a load a day). One series is asked as of a day by the whole process
`chipcast data show`; the answer is checked. A size is left out if its archive would be larger than
`--gigabytes`, or would take longer than what is left of `--minutes`, by the curve so far. Every archive is
removed before the next. The rest of the plan is extrapolated along the curves, at prices of ASSUMED. `--write`
puts the tables into docs/scale.md. Build first: `cargo build --release --locked --bins --examples`.
"""

import argparse
import math
import platform
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from environment import RELEASE, ROOT, TARGET, put

sys.path.insert(0, str(ROOT / "benches" / "peers"))

import bulk
import growth
from speed import figure, used

PAGE = ROOT / "docs" / "scale.md"

# The one place of what was assumed and not measured.
ASSUMED = {
    "stated on": "2026-11-28",
    "companies": 10_000,
    "concepts": 500,
    "quarters": 60,
    "filings a company and year": 4,
    "trading days a year": 250,
    # List prices change: the order of a large provider's on-demand machines and object storage.
    "USD a CPU hour": 0.05,
    "USD a GB and month": 0.023,
    # Threads of one large machine, and of a cluster.
    "threads of one machine": 32,
    "threads of a cluster": 512,
}
N_ROWS = ASSUMED["companies"] * ASSUMED["concepts"] * ASSUMED["quarters"]
N_SERIES = ASSUMED["companies"] * ASSUMED["concepts"]
BUDGET_SECONDS = 0.2
AS_OF, N_KNOWN = "2020-06-30", 37
# A day's rows of all companies fill a segment of 65,536 there: what holds a company grows no more.
FULL_BY_DAY = ASSUMED["quarters"] * 65_536
LAYOUTS = {"by-company": "by company", "by-day": "by day"}


@dataclass
class Archive:
    """What was measured of one archive."""

    layout: str
    n_rows: int
    n_bytes: int
    n_segments: int
    write_seconds: float
    write_megabytes: float
    wall: float
    cpu: float
    megabytes: float


def measured(layout: str, n_rows: int, data: Path) -> Archive:
    written = used([RELEASE / "examples" / "made_up_archive", data, n_rows, layout])
    n_made = int(written.printed.split()[0])
    files = [path for path in data.rglob("*") if path.is_file()]
    company = n_made // 30_000 // 2
    command = [RELEASE / "chipcast", "-q", "--format", "csv", "data", "show", f"c{company:07}.concept_250",
               "--data", data, "--as-of", AS_OF]
    walls, runs = [], []
    for _ in range(5):
        start = time.perf_counter()
        runs.append(used(command))
        walls.append(time.perf_counter() - start)
    n_found = len(runs[0].printed.splitlines()) - 1
    if n_found != N_KNOWN:
        raise SystemExit(f"{n_found} quarters known as of {AS_OF}; needed are {N_KNOWN}")
    return Archive(layout, n_made, sum(path.stat().st_size for path in files),
                   sum(path.suffix == ".parquet" for path in files), written.cpu, written.megabytes,
                   sorted(walls)[2], min(run.cpu for run in runs), max(run.megabytes for run in runs))


def archives(largest: int, gigabytes: float, minutes: float) -> tuple[list[Archive], list[str]]:
    found, left_out, end = [], [], time.monotonic() + 60 * minutes
    for layout in LAYOUTS:
        last = None
        size = 100_000
        while size <= largest:
            told = f"{size:,} rows {LAYOUTS[layout]}"
            if last is not None:
                times = size / last.n_rows
                if last.n_bytes * times > gigabytes * 1e9:
                    left_out.append(f"{told}: larger than {gigabytes:.0f} GB")
                    break
                if 1.5 * last.write_seconds * times > end - time.monotonic():
                    left_out.append(f"{told}: no time left")
                    break
            data = Path(tempfile.mkdtemp(dir=TARGET))
            try:
                last = measured(layout, size, data / "data")
            finally:
                shutil.rmtree(data)
            found.append(last)
            print(f"{told}: {last.write_seconds:.1f} s, {last.n_bytes / 1e6:.0f} MB; as_of"
                  f" {last.wall:.3f} s, {last.megabytes:.0f} MB", file=sys.stderr, flush=True)
            size *= 10
    return found, left_out


def archive_table(found: list[Archive]) -> list[str]:
    lines = ["| rows | layout | segments | MB on disk | bytes a row | write, CPU s | write, MB | `as_of`, s"
             " | CPU s | MB | within 0.2 s |", "|---|---|---|---|---|---|---|---|---|---|---|"]
    for a in found:
        lines.append(f"| {a.n_rows:,} | {LAYOUTS[a.layout]} | {a.n_segments} | {a.n_bytes / 1e6:.1f}"
                     f" | {a.n_bytes / a.n_rows:.1f} | {figure(a.write_seconds)} | {a.write_megabytes:.0f}"
                     f" | {a.wall:.3f} | {a.cpu:.3f} | {a.megabytes:.0f}"
                     f" | {'yes' if a.wall <= BUDGET_SECONDS else '**no**'} |")
    return lines


def carried(found: list[Archive], layout: str, of, flat_from: int = N_ROWS) -> tuple[float, float]:
    """A figure at the whole shape's rows, along the line through the last two sizes, and its exponent; from
    `flat_from` rows on it grows no more."""
    before, last = [a for a in found if a.layout == layout][-2:]
    exponent = math.log(of(last) / of(before)) / math.log(last.n_rows / before.n_rows)
    return of(last) * max(1.0, flat_from / last.n_rows) ** exponent, exponent


def work(folder: Path, n_series: int) -> dict[str, float]:
    """CPU seconds a unit, each of a whole process: a company read, a series forecast, by model."""
    zipped = folder / "facts.zip"
    bulk.write_archive(zipped, n_series // 10)
    seconds = {"company": used(bulk.command(zipped, folder / "facts")).cpu / (n_series // 10)}
    table = growth.walk(folder / "panel.csv", n_series, ASSUMED["quarters"])
    for model in ("DynamicOptimizedTheta", "AutoETS", "Chipcast"):
        run = used([RELEASE / "chipcast", "-q", "panel", table, "--horizon", 4, "--season", 4, "--model", model,
                    "--out", folder / "out.parquet"])
        seconds[model] = run.cpu / n_series
        seconds["megabytes"] = run.megabytes
    return seconds


def hours(seconds: float, n_threads: int) -> str:
    value = seconds / 3600 / n_threads
    return f"{value:.1f} h" if value >= 1 else f"{60 * value:.1f} min"


def plan_table(found: list[Archive], unit: dict[str, float]) -> list[str]:
    n_bytes = carried(found, "by-company", lambda a: a.n_bytes)[0]
    writing = carried(found, "by-company", lambda a: a.write_seconds)[0]
    a_day = ASSUMED["companies"] * ASSUMED["filings a company and year"] / ASSUMED["trading days a year"]
    models = ("DynamicOptimizedTheta", "AutoETS", "Chipcast")
    # Name, CPU seconds, how often a year, whether one process after the other does it.
    jobs = [
        ("first load: rows into segments", writing, 1, True),
        ("first load: companyfacts read, checked, stored", unit["company"] * ASSUMED["companies"], 1, True),
        (f"a day: {a_day:.0f} companies read, checked, stored", unit["company"] * a_day, 250, True),
        *((f"a day: {a_day:.0f} companies' series forecast, {model}",
           unit[model] * a_day * ASSUMED["concepts"], 250, False) for model in models),
        *((f"every series forecast once, {model}", unit[model] * N_SERIES, 1, False) for model in models),
        ("every series from 40 origins, DynamicOptimizedTheta",
         40 * unit["DynamicOptimizedTheta"] * N_SERIES, 1, False),
    ]
    one, many = ASSUMED["threads of one machine"], ASSUMED["threads of a cluster"]
    lines = [f"| job | CPU hours | USD | on {one} threads | on {many} threads | USD a year, if daily |",
             "|---|---|---|---|---|---|"]
    for name, seconds, n_a_year, alone in jobs:
        dollars = seconds / 3600 * ASSUMED["USD a CPU hour"]
        yearly = f"{dollars * n_a_year:.2f}" if n_a_year > 1 else "-"
        times = f"{hours(seconds, 1)}, one writer | -" if alone else f"{hours(seconds, one)} | {hours(seconds, many)}"
        lines.append(f"| {name} | {figure(seconds / 3600)} | {dollars:.2f} | {times} | {yearly} |")
    storage = n_bytes / 1e9 * ASSUMED["USD a GB and month"]
    lines += ["", f"Stored by company: {n_bytes / 1e9:.1f} GB, {storage:.2f} USD a month."]
    return lines


def block(found, left_out, unit) -> str:
    lines = [f"Measured on {date.today()}, {platform.machine()}, one thread. Left out: "
             f"{'; '.join(left_out) or 'nothing'}.", "", *archive_table(found), ""]
    for layout, told in LAYOUTS.items():
        for what, of, sort in (("disk", lambda a: a.n_bytes / 1e6, "MB"), ("write", lambda a: a.write_seconds, "CPU s"),
                               ("`as_of`", lambda a: a.cpu, "CPU s"),
                               ("`as_of`, memory", lambda a: a.megabytes, "MB")):
            is_full = layout == "by-day" and "as_of" in what
            value, exponent = carried(found, layout, of, FULL_BY_DAY if is_full else N_ROWS)
            lines.append(f"- {told}, {what}: exponent {exponent:.2f} between the last two sizes;"
                         f" {figure(value)} {sort} at {N_ROWS:,} rows")
    lines += ["", *plan_table(found, unit), "",
              f"A company of {len(bulk.FLOWS) + len(bulk.OTHER)} concepts is read in {1e3 * unit['company']:.1f} CPU"
              f" ms, a series of {ASSUMED['quarters']} quarters forecast in "
              + ", ".join(f"{1e3 * unit[model]:.2f} ({model})"
                          for model in ("DynamicOptimizedTheta", "AutoETS", "Chipcast"))
              + " CPU ms, with intervals, reading and writing. Assumed, "
              + ", ".join(f"{name}: {value}" for name, value in ASSUMED.items()) + "."]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000_000)
    parser.add_argument("--gigabytes", type=float, default=6.0)
    parser.add_argument("--minutes", type=float, default=40.0)
    parser.add_argument("--series", type=int, default=2000, help="series of the forecasts that are timed")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=TARGET) as folder:
        unit = work(Path(folder), arguments.series)
    found, left_out = archives(arguments.rows, arguments.gigabytes, arguments.minutes)
    told = block(found, left_out, unit)
    print(told)
    if arguments.write:
        put(PAGE, "benches/scale.py", told)


if __name__ == "__main__":
    main()
