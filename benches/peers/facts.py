"""companyfacts JSON to values: Chipcast against edgartools' own facts path, and `json.loads` beside.

Whole: `chipcast ingest edgar --from-file` into an empty archive, which checks and stores what it read, against a
Python process that reads and parses. Warm: the same bytes in memory, the best of several. As a program:
`facts.py FILE` times the peers.
"""

import json
import re
import sys
import tempfile
import time
from pathlib import Path

BENCHES = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(BENCHES))

from environment import RELEASE
from speed import N_WHOLE, Row, best, used

NEEDED = 10.0


def payloads(shared: Path | None, folder: Path) -> list[Path]:
    """The public ones beside the project, or one of a made-up company."""
    if shared is not None:
        return sorted((shared / "data/raw/edgar/companyfacts").glob("*.json"))
    import bulk

    made_up = folder / "CIK9000000000.json"
    made_up.write_text(json.dumps(bulk.company(9_000_000_000)))
    return [made_up]


def rows(shared: Path | None, folder: Path, quick: bool) -> list[Row]:
    found = []
    for file in payloads(shared, folder)[: 1 if quick else None]:
        with tempfile.TemporaryDirectory() as data:
            runs = [used([RELEASE / "chipcast", "-q", "ingest", "edgar", "--from-file", file, "--empty",
                          "--data", Path(data) / str(run)]) for run in range(N_WHOLE)]
        printed = used([RELEASE / "examples" / "companyfacts_speed", file]).printed
        milliseconds = float(re.search(r"in ([\d.]+) ms", printed).group(1))
        peer = used([sys.executable, __file__, file], EDGAR_IDENTITY="a a@example.org")
        timed = json.loads(peer.printed.splitlines()[-1])
        ours = (min(run.cpu for run in runs), milliseconds * 1e-3)
        for name, needed in (("edgartools", NEEDED), ("json.loads", None)):
            whole = peer.cpu - timed["all_runs"] + timed[f"first_{name}"]
            found.append(Row("facts to quarters", f"facts to quarters, {file.stem}", name, ours, (whole, timed[name]), needed,
                             file.stat().st_size))
    return found


def time_peers(name: str) -> None:
    """Runs in a process of its own; the module's import is part of the whole process of edgartools alone."""
    text = Path(name).read_bytes()
    before = time.process_time()
    json.loads(text)
    first_loads = time.process_time() - before
    loads = best(lambda: json.loads(text))
    outside = time.process_time() - before

    start = time.process_time()
    from edgar.entity.parser import EntityFactsParser

    parse = lambda: EntityFactsParser.parse_company_facts(json.loads(text))
    facts = parse()
    first_edgartools = time.process_time() - start
    start = time.process_time()
    seconds = best(parse)
    again = time.process_time() - start
    print(json.dumps({"json.loads": loads, "edgartools": seconds, "first_json.loads": first_loads,
                      "first_edgartools": first_edgartools, "all_runs": outside + first_edgartools + again,
                      "found": facts is not None}))


if __name__ == "__main__":
    time_peers(sys.argv[1])
