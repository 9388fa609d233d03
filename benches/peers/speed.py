"""What every comparison of speed shares: CPU time of whole processes, what the machine can do, the table.

A comparison has two figures a side. Whole: the CPU seconds of a process from start to end, user and system, as
a scheduled job pays them. Warm: those of the work alone, inside a process that has done it before. Everything
runs on one thread.
"""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

from environment import ONE_THREAD

N_WHOLE = 3
# Runs of a whole process that takes longer than this are not repeated.
LONG_SECONDS = 5.0


@dataclass
class Used:
    """What a process took: CPU seconds, MB of resident memory at its highest, and what it printed."""

    cpu: float
    megabytes: float
    printed: str


@dataclass
class Row:
    """One line of the table, under the claim that it is part of; `needed` is the ratio that both figures have to reach, None for a report."""

    claim: str
    what: str
    peer: str
    ours: tuple[float, float]
    theirs: tuple[float, float]
    needed: float | None = None
    n_bytes: float = 0.0
    n_flop: float = 0.0
    note: str = ""

    def __post_init__(self):
        """Told at once: a run takes long, and what it found is not lost if something fails later."""
        whole, warm = (figure(ratio) for ratio in self.ratios)
        print(f"{self.what}, {self.peer}: whole {whole}, warm {warm}", file=sys.stderr, flush=True)

    @property
    def ratios(self) -> tuple[float, float]:
        return tuple(theirs / ours for ours, theirs in zip(self.ours, self.theirs))

    @property
    def holds(self) -> bool | None:
        return None if self.needed is None else min(self.ratios) >= self.needed


@dataclass
class Rates:
    """What one thread of this machine can do, measured in the same run."""

    bytes_per_second: float
    flop_per_second: float

    def seconds(self, row: Row) -> float:
        """No program can be faster that moves these bytes and does these operations."""
        return max(row.n_bytes / self.bytes_per_second, row.n_flop / self.flop_per_second)

    @classmethod
    def measured(cls) -> "Rates":
        """Memory by copying 256 MB (read and written), arithmetic by a product of matrices, best of 5."""
        import numpy as np

        source = np.ones(32 << 20)
        target = np.empty_like(source)
        copied = best(lambda: np.copyto(target, source))
        n = 1024
        a, b = np.ones((n, n)), np.ones((n, n))
        multiplied = best(lambda: a @ b)
        return cls(2 * source.nbytes / copied, 2 * n**3 / multiplied)


def best(run, n_runs: int = 5) -> float:
    """CPU seconds of the best of some runs, after one that is not counted."""
    run()
    seconds = []
    for _ in range(n_runs):
        start = time.process_time()
        run()
        seconds.append(time.process_time() - start)
    return min(seconds)


def used(command, n_runs: int = 1, **environment) -> Used:
    """A whole process on one thread: the run with the least CPU time."""
    least = None
    for _ in range(n_runs):
        with tempfile.TemporaryFile("w+") as out:
            process = subprocess.Popen([str(word) for word in command], stdout=out,
                                       env=os.environ | ONE_THREAD | environment)
            _, status, usage = os.wait4(process.pid, 0)
            # 1: some series failed; 3: all that was asked is refused. Both were computed.
            if os.waitstatus_to_exitcode(status) not in (0, 1, 3):
                raise SystemExit(f"failed: {' '.join(str(word) for word in command)}")
            out.seek(0)
            found = Used(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out.read())
        if least is None or found.cpu < least.cpu:
            least = found
        if found.cpu > LONG_SECONDS:
            break
    return least


def figure(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def table(rows: list[Row], rates: Rates) -> str:
    """Markdown."""
    lines = ["| what | peer | whole: ours / peer, CPU s | ratio | warm: ours / peer, CPU s | ratio | needed"
             " | limit, s | warm / limit |", "|---|---|---|---|---|---|---|---|---|"]
    for row in rows:
        (whole_ours, warm_ours), (whole_theirs, warm_theirs) = row.ours, row.theirs
        whole, warm = row.ratios
        needed = "reported" if row.needed is None else f"{row.needed:.0f}: " + (
            "holds" if row.holds else "**missed**")
        limit = rates.seconds(row)
        lines.append(
            f"| {row.what} | {row.peer} | {figure(whole_ours)} / {figure(whole_theirs)} | {figure(whole)}"
            f" | {figure(warm_ours)} / {figure(warm_theirs)} | {figure(warm)} | {needed}"
            f" | {figure(limit) if limit else '-'} | {figure(warm_ours / limit) if limit else '-'} |")
    return "\n".join(lines)


def span(values) -> str:
    low, high = figure(min(values)), figure(max(values))
    return low if low == high else f"{low} to {high}"


def summary(rows: list[Row], rates: Rates) -> str:
    """Markdown: a line a claim, from its worst figure to its best."""
    lines = ["| what | against | whole process, x less CPU | warm, x less CPU | needed | warm, x the physical limit |",
             "|---|---|---|---|---|---|"]
    for claim, peer in dict.fromkeys((row.claim, row.peer.split(",")[0]) for row in rows):
        of_claim = [row for row in rows if row.claim == claim and row.peer.split(",")[0] == peer]
        whole, warm = (span([row.ratios[side] for row in of_claim]) for side in (0, 1))
        needed = of_claim[0].needed
        missed = sum(row.holds is False for row in of_claim)
        told = "reported" if needed is None else f"{needed:.0f}: " + (
            f"**{missed} of {len(of_claim)} missed**" if missed else "holds")
        limits = [row.ours[1] / rates.seconds(row) for row in of_claim]
        lines.append(f"| {claim} | {peer} | {whole} | {warm} | {told} | {span(limits)} |")
    return "\n".join(lines)
