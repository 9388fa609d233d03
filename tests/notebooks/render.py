"""The notebooks, run from scratch and written as pages: `docs/notebooks/NAME.md` and its drawings.

    python tests/notebooks/render.py [--check] [NAME ...]

Needs the package `chipcast` and those of requirements.txt. A notebook that fails, takes 30 s or
more, or keeps outputs in its file ends the command with 1; so does, with `--check`, a page that is
not what its notebook gives now. `make notebooks` brings what is needed.
"""

import argparse
import pathlib
import sys
import tempfile
import time

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import MarkdownExporter

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs/notebooks"
LONGEST = 30
# Of what a cell gives, the first that it has, so that a page reads without scripts.
SHOWN = ["image/svg+xml", "text/markdown", "text/plain"]


def unstripped(notebook):
    """Cells that keep outputs or counts in the file."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [cell.source for cell in cells if cell.outputs or cell.execution_count is not None]


def not_in_readme(notebook):
    """Lines of README.md's section on Python that the quick start does not run."""
    section = (ROOT / "README.md").read_text().split("## From Python\n```python\n")[1]
    lines = section.split("```")[0].splitlines()
    held = {line for cell in notebook.cells for line in cell.source.splitlines()}
    return [line for line in lines if line not in held]


def pages(path):
    """The files of a notebook's page by their names, made by running it in an empty folder."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    if path.stem == "1_quick_start" and not_in_readme(notebook):
        raise ValueError(f"README.md shows another quick start: {not_in_readme(notebook)}")
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        NotebookClient(notebook, timeout=LONGEST, resources=resources).execute()
    took = time.monotonic() - start
    if took >= LONGEST:
        raise ValueError(f"it took {took:.0f} s; needed is less than {LONGEST} s")
    for output in (output for cell in notebook.cells for output in cell.get("outputs", [])):
        if "data" in output:
            kind = next(kind for kind in SHOWN if kind in output.data)
            output.data = {kind: output.data[kind]}
    exporter = MarkdownExporter()
    name = path.stem
    text, made = exporter.from_notebook_node(
        notebook, {"unique_key": name, "output_files_dir": f"{name}_files"}
    )
    told = f"<!-- Made from notebooks/{path.name} by `make notebooks`. -->\n"
    files = {f"{name}.md": (told + text.strip() + "\n").replace(".ipynb)", ".md)").encode()}
    files |= {key: data.strip() + b"\n" for key, data in made["outputs"].items()}
    return files, took


def stale(files):
    """Pages that are not what their notebook gives."""
    is_same = {name: (PAGES / name).is_file() and (PAGES / name).read_bytes() == data
               for name, data in files.items()}
    return [name for name, same in is_same.items() if not same]


def write(files, name):
    for old in (PAGES / f"{name}_files").glob("*"):
        old.unlink()
    for key, data in files.items():
        (PAGES / key).parent.mkdir(parents=True, exist_ok=True)
        (PAGES / key).write_bytes(data)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="notebooks without their ending; all by default")
    parser.add_argument("--check", action="store_true", help="writes nothing, says what is stale")
    asked = parser.parse_args()
    found = sorted((ROOT / "notebooks").glob("*.ipynb"))
    paths = [path for path in found if not asked.names or path.stem in asked.names]
    n_failed = 0
    for path in found:
        for source in unstripped(nbformat.read(path, as_version=4)):
            n_failed += 1
            print(f"{path.name}: outputs are kept of the cell `{source}`", file=sys.stderr)
    for path in paths:
        try:
            files, took = pages(path)
        except (CellExecutionError, RuntimeError, ValueError) as error:
            print(f"{path.name}: {error}", file=sys.stderr)
            n_failed += 1
            continue
        size = sum(map(len, files.values()))
        print(f"{path.name}: {took:.1f} s, {len(files)} files of {size:,} bytes")
        if not asked.check:
            write(files, path.stem)
        elif stale(files):
            n_failed += 1
            names = ", ".join(stale(files))
            print(f"{path.name}: stale is {names}; `make notebooks` writes it", file=sys.stderr)
    if len(paths) < max(1, len(asked.names)):
        n_failed += 1
        print(f"there are {', '.join(path.stem for path in found)}", file=sys.stderr)
    print(f"{max(0, len(paths) - n_failed)} passed, {n_failed} failed")
    return 1 if n_failed else 0


if __name__ == "__main__":
    sys.exit(main())
