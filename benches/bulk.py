"""SEC's nightly archive, made up: time and memory of `ingest edgar --from-file companyfacts.zip`.

Writes an archive of N members in companyfacts' form (15 concepts, 60 quarters, year-to-date values as
filers give them, no real figure), ingests it into an empty archive, ingests it again, and interrupts a
third run to go on with it. Prints seconds, MB/s of unpacked JSON, and the highest resident memory, for
growing N: memory has to stay flat.

    python3 benches/bulk.py [members, default 2000]
"""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from datetime import date, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
CHIPCAST = TARGET / "release" / "chipcast"
FLOWS = ["Revenues", "CostOfRevenue", "GrossProfit", "OperatingIncomeLoss", "NetIncomeLoss",
         "ResearchAndDevelopmentExpense", "PaymentsToAcquirePropertyPlantAndEquipment",
         "NetCashProvidedByUsedInOperatingActivities", "Depreciation",
         "FinanceLeasePrincipalPayments"]
OTHER = ["Assets", "Liabilities", "StockholdersEquity", "AccountsPayableCurrent", "Goodwill"]


def company(cik: int) -> dict:
    """Sixty quarters of calendar years, each 10-Q with its year to date, each 10-K with its year."""
    rng = random.Random(cik)
    concepts = {name: [] for name in FLOWS + OTHER}
    for year in range(2011, 2026):
        totals = dict.fromkeys(FLOWS, 0)
        for quarter in range(1, 5):
            end = date(year, 12, 31) if quarter == 4 else date(year, 3 * quarter + 1, 1) - timedelta(1)
            filed = end + timedelta(35)
            base = {"accn": f"{cik:010}-{filed.year % 100:02}-{quarter:06}", "fy": year,
                    "fp": f"Q{quarter}" if quarter < 4 else "FY",
                    "form": "10-Q" if quarter < 4 else "10-K", "filed": str(filed)}
            for name in FLOWS:
                value = rng.randrange(1, 4000) * 1_000_000
                totals[name] += value
                start = date(year, 3 * quarter - 2, 1)
                if quarter < 4:
                    row = {"start": str(start), "end": str(end), "val": value}
                    concepts[name].append(row | base)
                if quarter > 1:
                    row = {"start": f"{year}-01-01", "end": str(end), "val": totals[name]}
                    concepts[name].append(row | base)
            for name in OTHER:
                concepts[name].append({"end": str(end), "val": rng.randrange(10**10)} | base)
    facts = {name: {"label": name, "description": "made up", "units": {"USD": rows}}
             for name, rows in concepts.items()}
    return {"cik": cik, "entityName": f"Made-up {cik}", "facts": {"us-gaap": facts}}


def write_archive(path: Path, n_members: int) -> int:
    n_bytes = 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for cik in range(9_000_000_000, 9_000_000_000 + n_members):
            text = json.dumps(company(cik))
            n_bytes += len(text)
            archive.writestr(f"CIK{cik:010}.json", text)
    return n_bytes


def command(archive: Path, data: Path) -> list[str]:
    return [str(CHIPCAST), "ingest", "edgar", "--from-file", str(archive), "--data", str(data),
            "--empty", "-q"]


def timed(archive: Path, data: Path) -> tuple[float, float]:
    """Seconds and MB of the highest resident memory of one whole command."""
    start = time.perf_counter()
    process = subprocess.Popen(command(archive, data), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, "the ingest failed"
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def main() -> None:
    n_most = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        print(f"{'members':>8} {'JSON MB':>8} {'s':>7} {'MB/s':>6} {'peak MB':>8} {'again s':>8}")
        for n_members in (n_most // 4, n_most // 2, n_most):
            archive = folder / f"facts-{n_members}.zip"
            megabytes = write_archive(archive, n_members) / 1e6
            data = folder / f"data-{n_members}"
            seconds, peak = timed(archive, data)
            again, _ = timed(archive, data)
            print(f"{n_members:>8} {megabytes:>8.0f} {seconds:>7.1f} {megabytes / seconds:>6.0f}"
                  f" {peak:>8.0f} {again:>8.2f}")
        data = folder / "interrupted"
        process = subprocess.Popen(command(archive, data), stdout=subprocess.DEVNULL)
        time.sleep(seconds / 2)
        process.send_signal(signal.SIGKILL)
        process.wait()
        resumed, _ = timed(archive, data)
        digests = [subprocess.run([str(CHIPCAST), "data", "list", "--data", str(d), "--format",
                                   "csv", "-q"], capture_output=True, check=True).stdout
                   for d in (data, folder / f"data-{n_most}")]
        same = "the same archive" if digests[0] == digests[1] else "ANOTHER archive"
        print(f"killed half-way, then resumed in {resumed:.1f} s: {same}")


if __name__ == "__main__":
    main()
