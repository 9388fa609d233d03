"""One panel on one core, two cores, Spark and Ray: the same bytes, and from which size it pays.

    python benches/cluster.py [--series 20000] [--origins 8] [--model Chipcast] [--level 80]

Needs the package `chipcast`, pyarrow, pyspark (with a Java) and ray. Prints for each way its seconds,
and a hash of the sorted result; ends with 1 if two hashes differ. Then a worker of Spark and one of
Ray is killed in the middle. Everything runs on this machine: its cores stand for a cluster.
"""

import argparse
import datetime
import hashlib
import logging
import math
import os
import pathlib
import re
import signal
import sys
import threading
import time

import pyarrow as pa

import chipcast.models
import chipcast.ray
import chipcast.spark
from chipcast import StatsForecast, distributed

MONTHS = 60


def months(n):
    return [datetime.date(2015 + idx // 12, idx % 12 + 1, 1) for idx in range(n)]


def panel(n):
    """`n` series of months, made up; one in a hundred is broken."""
    days = months(MONTHS)
    ids = [f"s{idx:06d}" for idx in range(n) for _ in days]
    values = [
        (50 + idx % 97) * (1 + (idx % 13) / 500) ** t * (1 + 0.2 * math.sin(t * math.pi / 6 + idx))
        + (idx * 7919 + t * 104729) % 1000 / 200
        for idx in range(n) for t in range(MONTHS)
    ]
    broken = [idx % 100 == 99 for idx in range(n)]
    dates = [days[0] if broken[idx] else day for idx in range(n) for day in days]
    return pa.table({"unique_id": ids, "ds": pa.array(dates, pa.date32()), "y": values})


def hashed(table):
    order = [(name, "ascending") for name in ["unique_id", "cutoff", "ds"]]
    rows = table.select(sorted(table.column_names)).sort_by(order).combine_chunks()
    told = hashlib.sha256()
    for name in rows.column_names:
        column = rows[name].combine_chunks()
        told.update(name.encode() + str(column.type).encode())
        if pa.types.is_floating(column.type):
            told.update(column.fill_null(math.nan).to_numpy().tobytes())
        else:
            told.update(repr(column.to_pylist()).encode())
    return told.hexdigest()[:16]


class Local:
    """In this process, so many buckets at once, each with one thread."""

    def __init__(self, n_cores):
        self.name, self.n_cores = f"{n_cores} core{'s' * (n_cores > 1)}", n_cores

    def run(self, table, lesson):
        from concurrent.futures import ThreadPoolExecutor

        rows = distributed.bucketed(distributed.known_at(table, lesson), lesson, self.n_cores)
        parts = [
            rows.filter(pa.compute.equal(rows["bucket"], nth)) for nth in range(self.n_cores)
        ]
        with ThreadPoolExecutor(self.n_cores) as pool:
            found = pool.map(lambda part: distributed.answer_table(part, lesson), parts)
            return pa.concat_tables(found)

    def close(self):
        pass


class Spark:
    name, worker = "Spark local[2]", r".* -m pyspark.daemon"

    def __init__(self):
        os.environ["PYSPARK_PYTHON"] = sys.executable
        os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
        from pyspark.sql import SparkSession

        # Four tries a task: `local` alone gives up at the first worker that is lost.
        builder = SparkSession.builder.master("local[2,4]").config("spark.driver.memory", "3g")
        quiet = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false"}
        self.session = builder.config(map=quiet).getOrCreate()
        self.session.sparkContext.setLogLevel("OFF")

    def run(self, table, lesson):
        frame = self.session.createDataFrame(table)
        return chipcast.spark.forecast(frame, lesson, n_partitions=8).toArrow()

    def close(self):
        self.session.stop()


class Ray:
    # A task: not one that waits for work, nor an agent, without which a node ends.
    name, worker = "Ray, 2 CPUs", r"ray::(?!IDLE|\w*(Agent|Actor))"

    def __init__(self):
        import ray

        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
        ray.data.DataContext.get_current().enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        self.ray = ray

    def run(self, table, lesson):
        dataset = self.ray.data.from_arrow(table).repartition(4)
        found = chipcast.ray.forecast(dataset, lesson, n_partitions=8)
        return pa.concat_tables(self.ray.get(found.to_arrow_refs()))

    def close(self):
        self.ray.shutdown()


def processes():
    """Parent and command of every process."""
    found = {}
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rsplit(")", 1)[1].split()[1])
            words = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        found[int(path.name)] = (parent, words)
    return found


def workers(command):
    """Leaves below this process whose command is such a one: those that work."""
    found = processes()
    parents = {parent for parent, _ in found.values()}

    def is_ours(pid):
        while pid in found and pid != os.getpid():
            pid = found[pid][0]
        return pid == os.getpid()

    return [pid for pid, (_, words) in found.items()
            if re.match(command, words) and pid not in parents and is_ours(pid)]


def kill_one(command, after, killed):
    """Kills one worker, some seconds from now."""
    time.sleep(after)
    until = time.monotonic() + 60
    while time.monotonic() < until and not killed:
        for pid in workers(command)[:1]:
            killed.append(processes().get(pid, (0, "one that had ended"))[1].strip())
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=20_000)
    parser.add_argument("--origins", type=int, default=8)
    parser.add_argument("--model", default="Chipcast")
    parser.add_argument("--level", type=float, nargs="*", default=[80])
    asked = parser.parse_args()
    forecaster = StatsForecast([getattr(chipcast.models, asked.model)(season_length=12)], freq="MS")
    cutoffs = months(MONTHS)[-asked.origins :]
    sizes = [max(100, asked.series // 10), asked.series]
    seconds, hashes, lessons = {}, {}, {}
    tables = {n: panel(n) for n in sizes}
    for n, table in tables.items():
        start = time.monotonic()
        lessons[n] = distributed.learn(table, forecaster, 4, asked.level, cutoffs)
        took = time.monotonic() - start
        print(f"learned of {n:,} series at {asked.origins} origins: {took:.1f} s, "
              f"{len(lessons[n]):,} bytes")
    for make in [lambda: Local(1), lambda: Local(2), Spark, Ray]:
        start = time.monotonic()
        way = make()
        started = time.monotonic() - start
        way.run(tables[sizes[0]].slice(0, MONTHS), lessons[sizes[0]])
        for n in sizes:
            start = time.monotonic()
            found = way.run(tables[n], lessons[n])
            seconds[way.name, n] = time.monotonic() - start
            hashes[way.name, n] = hashed(found)
            print(f"{way.name}: start {started:.1f} s; {n:,} series x {asked.origins} origins, "
                  f"{found.num_rows:,} rows: {seconds[way.name, n]:.1f} s, {hashes[way.name, n]}")
        if hasattr(way, "worker"):
            killed = []
            half = seconds[way.name, sizes[1]] / 2
            killer = threading.Thread(target=kill_one, args=(way.worker, half, killed))
            killer.start()
            found = hashed(way.run(tables[sizes[1]], lessons[sizes[1]]))
            killer.join()
            hashes[f"{way.name}, less one worker", sizes[1]] = found if killed else "none killed"
            print(f"{way.name}: killed in the middle was `{' '.join(killed)[-40:]}`; {found}")
        way.close()
    one, other = sizes
    slope = {way: (seconds[way, other] - seconds[way, one]) / (other - one) for way, _ in seconds}
    for way in [Spark.name, Ray.name]:
        overhead = seconds[way, one] - slope["2 cores"] * one
        per = [f"{1e3 * slope[name] / asked.origins:.3f} ms" for name in [way, "1 core"]]
        gain = slope["1 core"] - slope[way]
        n = overhead / gain if gain > 0 else math.inf
        pays = f"from {n:,.0f} series" if math.isfinite(n) else "at no size on this machine"
        print(f"{way}: overhead {overhead:.1f} s; a forecast takes {per[0]}, {per[1]} on one core; "
              f"faster than one core {pays}")
    per_size = [{told for (_, n), told in hashes.items() if n == size} for size in sizes]
    is_same = all(len(told) == 1 for told in per_size)
    print("all results are the same bytes" if is_same else "RESULTS DIFFER")
    return 0 if is_same else 1


if __name__ == "__main__":
    sys.exit(main())
