"""How time and memory grow: with series, origins, variables, members of SEC's nightly file and archive rows.

    python3 benches/growth.py [--quick] [--only series,origins,...]

Every point is a whole process on one thread, its inputs made up: CPU seconds and the highest resident memory as
the kernel counted them (wait4). The exponent is the slope of a least-squares line through log size and log
figure, of the larger half of the sizes, where a fixed start weighs less, less what the smallest process took. Above 1.1 (n log n over these
sizes) it is flagged; REASONS tells why, or there is none. Build first: `cargo build --release --locked --bins
--examples`. `--quick` tries the script at small sizes.
"""

import argparse
import math
import random
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from environment import RELEASE, TARGET

sys.path.insert(0, str(Path(__file__).resolve().parent / "peers"))

import bulk
from speed import used

CHIPCAST, EXAMPLES = RELEASE / "chipcast", RELEASE / "examples"
LARGEST_EXPONENT = 1.1
REASONS = {
    ("origins: ridge, expanding window", "time"):
        "sums are carried from origin to origin, but each origin copies the values known before it: n origins of n"
        " values, at the rate of memory",
    ("origins: DynamicOptimizedTheta, expanding window", "time"):
        "each origin sees the values before it, the last 1,200 at most; intervals of a lone series look at 40"
        " origins more. Beyond 1,200 values it is linear",
    ("variables: ridge", "time"):
        "normal equations of k variables take k^2 a row, their solution k^3",
    ("variables: ridge", "memory"):
        "a table of k columns, less the 17 MB of a process without one",
}


@dataclass
class Point:
    size: int
    seconds: float
    megabytes: float


def walk(path: Path, n_series: int, n_values: int) -> Path:
    """Random walks with a season of four, as `unique_id, ds, y`."""
    with path.open("w") as out:
        out.write("unique_id,ds,y\n")
        for series in range(n_series):
            draw = random.Random(series)
            level = 100.0
            for at in range(n_values):
                level *= math.exp(draw.gauss(0.002, 0.05))
                out.write(f"s{series:06},{at},{level * (1 + 0.1 * (at % 4)):.4f}\n")
    return path


def with_columns(path: Path, n_series: int, n_values: int, n_columns: int) -> Path:
    """Series that follow columns known ahead, `x1, x2, ...`."""
    draw = random.Random(7)
    with path.open("w") as out:
        names = "".join(f",x{column + 1}" for column in range(n_columns))
        out.write(f"unique_id,ds,y{names}\n")
        for series in range(n_series):
            level = 0.0
            for at in range(n_values):
                x = [draw.gauss(0, 1) for _ in range(n_columns)]
                level = 0.6 * level + sum(x) + draw.gauss(0, 1)
                cells = "".join(f",{value:.5f}" for value in x)
                out.write(f"s{series:06},{at},{100 + level:.5f}{cells}\n")
    return path


def point(size: int, command) -> Point:
    found = used(command)
    return Point(size, found.cpu, found.megabytes)


def series(folder: Path, quick: bool):
    """10 to 100,000 series of 40 values; models that take ms a series, to 10,000."""
    for model, most in (("Naive", 100_000), ("DynamicOptimizedTheta", 100_000), ("AutoETS", 10_000),
                        ("Chipcast", 10_000)):
        points = []
        for n in (10, 100, 1000, 10_000, 100_000):
            if n <= (100 if quick else most):
                source = folder / f"series-{n}.csv"
                if not source.exists():
                    walk(source, n, 40)
                points.append(point(n, [CHIPCAST, "-q", "panel", source, "--horizon", 4, "--season", 4,
                                        "--model", model, "--out", folder / "out.parquet"]))
        yield f"series: panel, {model}", points


def origins(folder: Path, quick: bool):
    """10 to 10,000 origins of one long series; and of ten, each with a hundred values more than origins."""
    sizes = [10, 100] if quick else [10, 100, 1000, 10_000]
    rolled = []
    for n in sizes:
        source = with_columns(folder / f"origins-{n}.csv", 1, n + 104, 4)
        rolled.append(point(n, [EXAMPLES / "rolling_ridge", source, n, 4, 1]))
    yield "origins: ridge, expanding window", rolled
    points = []
    for n in sizes:
        source = walk(folder / f"theta-{n}.csv", 1, n + 104)
        points.append(point(n, [CHIPCAST, "-q", "panel", source, "--horizon", 4, "--season", 4, "--windows", n,
                                "--model", "DynamicOptimizedTheta", "--out", folder / "out.parquet"]))
    yield "origins: DynamicOptimizedTheta, expanding window", points


def variables(folder: Path, quick: bool):
    """1 to 20 variables: one lag and up to 19 columns, 100 series x 40 origins."""
    points = []
    for n in (1, 2, 5, 10, 20):
        source = with_columns(folder / f"variables-{n}.csv", 10 if quick else 200, 144, n - 1)
        points.append(point(n, [EXAMPLES / "rolling_ridge", source, 40, 4, 1]))
    yield "variables: ridge", points


def members(folder: Path, quick: bool):
    """Companies in SEC's nightly companyfacts.zip, read into an empty archive."""
    points = []
    for n in (2, 4) if quick else (25, 100, 400, 1600):
        archive = folder / f"facts-{n}.zip"
        bulk.write_archive(archive, n)
        points.append(point(n, bulk.command(archive, folder / f"data-{n}")))
        archive.unlink()
    yield "members: ingest edgar", points


def rows(folder: Path, quick: bool):
    """10^5 to 10^8 rows are those of `scale.py`, which makes the archives; here 10^5 to 10^7."""
    written, read = [], []
    for n in (30_000, 300_000) if quick else (100_000, 1_000_000, 10_000_000):
        data = folder / f"rows-{n}"
        written.append(point(n, [EXAMPLES / "made_up_archive", data, n, "by-company"]))
        read.append(point(n, [CHIPCAST, "-q", "--format", "csv", "data", "show", "c0000000.concept_250",
                              "--data", data, "--as-of", "2020-06-30"]))
    yield "rows: write", written
    yield "rows: as_of of one series", read


def slope(points: list[Point], figure) -> float | None:
    """Least squares of log figure on log size over the larger half, less the smallest process; None where
    the figure hardly moves."""
    base = min(figure(p) for p in points)
    later = points[len(points) // 2 - (len(points) < 5):]
    usable = [(math.log(p.size), math.log(figure(p) - base)) for p in later if figure(p) > base * 1.2]
    if len(usable) < 2:
        return None
    mean_x, mean_y = (sum(column) / len(usable) for column in zip(*usable))
    return (sum((x - mean_x) * (y - mean_y) for x, y in usable)
            / sum((x - mean_x) ** 2 for x, _ in usable))


def show(name: str, points: list[Point]) -> bool:
    """Prints a curve; whether an exponent is above the bound without a reason."""
    told = "  ".join(f"{p.size}: {p.seconds:.3f} s {p.megabytes:.0f} MB" for p in points)
    print(f"{name}\n  {told}")
    unexplained = False
    for what, figure in (("time", lambda p: p.seconds), ("memory", lambda p: p.megabytes)):
        exponent = slope(points, figure)
        if exponent is None:
            print(f"  exponent of {what}: hardly moves", flush=True)
            continue
        line = f"  exponent of {what}: {exponent:.2f}"
        if exponent > LARGEST_EXPONENT:
            reason = REASONS.get((name, what))
            unexplained |= reason is None
            line += f"  ABOVE {LARGEST_EXPONENT}: {reason or 'NO REASON KNOWN'}"
        print(line, flush=True)
    return unexplained


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    curves = {of.__name__: of for of in (series, origins, variables, members, rows)}
    parser.add_argument("--only", default=",".join(curves))
    arguments = parser.parse_args()
    unexplained = False
    for name in arguments.only.split(","):
        with tempfile.TemporaryDirectory(dir=TARGET) as folder:
            for label, points in curves[name](Path(folder), arguments.quick):
                unexplained |= show(label, points)
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
