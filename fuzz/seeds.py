#!/usr/bin/env python3
"""Writes the first inputs of the fuzz targets that pick a parser by their first byte: `fuzz/corpus_seed/TARGET/`.

Usage: fuzz/seeds.py CHIPCAST   (the binary that writes the files of an archive, a job and a model)

Every other target starts from tests/fixtures. Small on purpose: a seed shows a form, the fuzzer does the rest.
"""

import io
import pathlib
import subprocess
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
SEEDS = ROOT / "fuzz" / "corpus_seed"
# Kinds of `text_files.rs`.
(SAVED, JOB, SCENARIO, ASSUMPTIONS, DESCRIBED, PRECEDENTS, SPEC, RUN_COLUMNS, COLUMN_MAP, LESSON, WORDS, RECORD,
 MANIFEST, ROWS, SENTENCE, CSV) = range(16)
LARGEST = 24_000
TABLE = "series,period_start,period_end,value,unit,vintage,source,locator\n" + "".join(
    f"acme.revenue,20{y}-01-01,20{y}-03-31,{y}.5,USD,20{y}-05-01,s,l\n" for y in range(10, 22)
)
JOB_TEXT = """schema_version = 1
name = "seed"
[[sources]]
kind = "bundled"
[[forecasts]]
series = "nvda.revenue"
[[alerts]]
kind = "threshold"
series = "nvda.revenue"
value = 5e10
[[sinks]]
kind = "webhook"
url = "https://example.org/hook"
[schedule]
cron = "0 7 * * MON"
time_zone = "America/New_York"
"""


def put(target: str, name: str, data: bytes, kind: int | None = None) -> None:
    """Keeps a seed; a text that is too long loses its end at a line."""
    if len(data) > LARGEST and b"\n" in data[:LARGEST]:
        data = data[: data.rindex(b"\n", 0, LARGEST) + 1]
    folder = SEEDS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes((b"" if kind is None else bytes([kind])) + data)


def workbook() -> bytes:
    """The smallest Excel workbook with the table in it."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    rows = "".join(
        f'<row r="{r}">' + "".join(f'<c r="{chr(65 + c)}{r}" t="inlineStr"><is><t>{cell}</t></is></c>'
                                   for c, cell in enumerate(line.split(","))) + "</row>"
        for r, line in enumerate(TABLE.splitlines(), 1))
    parts = {
        "_rels/.rels": f'<Relationships xmlns="{package}"><Relationship Id="rId1" Type="{office}/officeDocument" '
                       'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
                           '<sheet name="s" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}"><Relationship Id="rId1" '
                                      f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>',
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as book:
        for name, text in parts.items():
            # Stored, with a fixed date: the same bytes each time, and bytes that a fuzzer can change.
            book.writestr(zipfile.ZipInfo(name), text)
    return file.getvalue()


def requests() -> None:
    """One connection a file: every route, and what breaks rules."""
    paths = ["/", "/company/nvda", "/series", "/series/nvda.revenue", "/pressure", "/announcements?company=nvda",
             "/ledger", "/scaling", "/runs", "/runs/a/diff/b", "/api/v1/series", "/healthz", "/metrics",
             "/api/v1/series/nvda.revenue/observations?as_of=2026-01-01&format=csv",
             "/api/v1/series/nvda.revenue/vintages?format=parquet",
             "/api/v1/announcements?company=nvda", "/api/v1/ledger", "/api/v1/runs", "/api/v1/openapi.json",
             "/static/site.css", "/series/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/runs/..%2f../diff/%00",
             "/series/" + "a" * 2100, "/scaling?spend_factor=1e999", "/series?x=%zz&x=1"]
    for idx, path in enumerate(paths):
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        put("requests", f"get_{idx:02}", head.encode())
    odd = ["GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc",
           "GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
           "HEAD / HTTP/1.0\r\n\r\n", "GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: \"x\"\r\n\r\n",
           "GET /healthz HTTP/1.1\r\nHost: [::1]:80\r\n\r\nGET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"]
    for idx, text in enumerate(odd):
        put("requests", f"odd_{idx}", text.encode())


def text_files() -> None:
    """One file of each kind, from the project's own."""
    models, datasets = ROOT / "models", ROOT / "datasets"
    put("text_files", "job", JOB_TEXT.encode(), JOB)
    scenario = sorted((models / "scenarios").glob("*.toml"))[0]
    for name, kind, path in [("scenario", SCENARIO, scenario), ("assumptions", ASSUMPTIONS, models / "assumptions.toml"),
                             ("described", DESCRIBED, datasets / "sources.toml"),
                             ("precedents", PRECEDENTS, models / "precedents.toml"),
                             ("spec", SPEC, models / "ridge.toml"), ("stacking", SPEC, models / "stacking.toml"),
                             ("hardware", CSV, datasets / "hardware.csv")]:
        text = path.read_bytes()
        # A TOML file is cut between tables, so that the seed is whole.
        if len(text) > LARGEST:
            text = text[: text.rindex(b"\n[", 0, LARGEST) + 1]
        put("text_files", name, text, kind)
    put("text_files", "run_columns", b"parameters=Model Size,flop=Training FLOP,loss=loss", RUN_COLUMNS)
    put("text_files", "column_map", b"series==acme.revenue,value=amount,unit==USD", COLUMN_MAP)
    for name, text in [("shard", b"2/7"), ("day", b"2026-11-28"), ("model", b"chipcast")]:
        put("text_files", name, text, WORDS)
    put("text_files", "sentence", b"We expect supply to remain constrained through fiscal 2027.", SENTENCE)
    put("text_files", "tickers", b'{"0":{"cik_str":1045810,"ticker":"NVDA","title":"NVIDIA CORP"}}', SENTENCE)


def written(binary: str) -> None:
    """Files that the program writes: an archive, a ledger, a model, a run."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)

        def run(*words: str) -> None:
            subprocess.run([binary, "-q", *words], cwd=folder, stdout=subprocess.DEVNULL, check=True)

        (folder / "t.csv").write_text(TABLE)
        run("--empty", "--data", "small", "data", "import", "t.csv")
        put("csv", "table", TABLE.encode())
        put("csv", "workbook", workbook())
        put("archive", "manifest", (folder / "small/archive/manifest.json").read_bytes(), 0)
        segment = next((folder / "small/archive/segments").iterdir()).read_bytes()
        put("archive", "segment", segment, 1)
        put("csv", "parquet", segment)
        for entry in sorted((folder / "small/raw/http").glob("*.json"))[:1]:
            put("archive", "entry", entry.read_bytes(), 3)
        (folder / "job.toml").write_text(JOB_TEXT.replace('kind = "webhook"\nurl = "https://example.org/hook"',
                                                          'kind = "stdout"'))
        run("job", "run", "job.toml")
        lines = (folder / "data/ledger/ledger.jsonl").read_bytes()
        head = (folder / "data/ledger/head.json").read_bytes()
        put("archive", "ledger", lines[:LARGEST // 2] + b"\n\n" + head, 2)
        rows = [line[line.index(b'"row":') + 6 : -1] for line in lines.splitlines()[:8]]
        put("text_files", "ledger_rows", b"\n".join(rows), ROWS)
        manifest = next(path for path in (folder / "runs").glob("*/run.json") if not path.parent.is_symlink())
        if manifest.stat().st_size < LARGEST:
            put("text_files", "run_record", manifest.read_bytes(), RECORD)
            put("text_files", "run_manifest", manifest.read_bytes(), MANIFEST)
        run("model", "save", "ridge", "nvda.revenue", "model.json")
        put("text_files", "saved", (folder / "model.json").read_bytes(), SAVED)


if __name__ == "__main__":
    requests()
    text_files()
    written(sys.argv[1])
    n_bytes = sum(path.stat().st_size for path in SEEDS.rglob("*") if path.is_file())
    print(f"{SEEDS}: {n_bytes} bytes")
