"""Reports are the command line's, byte by byte."""

import json
import subprocess

import chipcast
import cli
import pytest
from chipcast import Archive, Report


@pytest.fixture(scope="module")
def snapshot():
    return Archive.bundled().as_of(cli.AS_OF)


@pytest.fixture(scope="module")
def report(snapshot):
    return Report("nvda", snapshot)


def written(tmp_path, subject, ending):
    command = [cli.binary(), "report", subject, "--as-of", cli.AS_OF, "--quiet", "--format", ending]
    command += ["--out", str(tmp_path), "--data", str(tmp_path / "data")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return (tmp_path / f"{subject}.{ending}").read_bytes()


def test_every_format_has_the_bytes_of_the_command_line(report, tmp_path):
    assert report.to_html().encode() == written(tmp_path, "nvda", "html")
    assert report.to_markdown().encode() == written(tmp_path, "nvda", "md")
    assert report.to_json().encode() == written(tmp_path, "nvda", "json")
    assert report.to_pdf() == written(tmp_path, "nvda", "pdf")


def test_the_industry_has_a_page(snapshot, tmp_path):
    assert Report("Industry", snapshot).to_markdown().encode() == written(tmp_path, "industry", "md")


def test_a_file_is_written_in_the_format_of_its_ending(report, tmp_path):
    assert report.save(tmp_path / "a.html").read_text() == report.to_html()
    assert report.save(str(tmp_path / "a.pdf")).read_bytes().startswith(b"%PDF-")
    told = json.loads(report.save(tmp_path / "a.json").read_text())
    assert (told["as_of"], told["run_id"]) == (cli.AS_OF, report.run_id)
    with pytest.raises(chipcast.InvalidError, match="names no format") as raised:
        report.save(tmp_path / "a.docx")
    assert ".pdf" in raised.value.hint
    with pytest.raises(OSError):
        report.save(tmp_path / "missing" / "a.md")


def test_a_notebook_shows_the_front_page_alone(report):
    shown = report._repr_html_()
    assert report.finding[:40] in shown and "<section" not in shown and "<script" not in shown
    assert len(shown) < 20_000 < len(report.to_html())
    assert repr(report) == f"Report({report.title}, as of 2026-09-01)"


def test_an_unknown_subject_is_an_error_with_advice(snapshot):
    with pytest.raises(chipcast.NotFoundError) as raised:
        Report("acme", snapshot)
    assert "industry" in raised.value.hint


def test_the_seed_and_the_day_make_the_run(snapshot):
    other = Report("msft", Archive.bundled().as_of("2026-06-01"), seed=1, since="2026-03-01")
    assert other.run_id != Report("msft", snapshot).run_id
    assert other.as_of.isoformat() == "2026-06-01"
