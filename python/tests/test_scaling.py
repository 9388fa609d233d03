"""The chain, its scenarios and its inverse say what the command line says, with the same seed."""

import chipcast
import cli
import pytest
from chipcast import Archive


@pytest.fixture(scope="module")
def snapshot():
    return Archive.bundled().as_of(cli.AS_OF)


@pytest.mark.parametrize(("company", "seed"), [("msft", 0), ("nvda", 7)])
def test_steps_are_those_of_the_command_line(snapshot, company, seed):
    wanted = cli.document("scale", company, "--seed", seed)
    chain = chipcast.scale(company, snapshot, seed=seed)
    cli.same(chain.frame, wanted["rows"])
    assert chain.warnings == wanted["warnings"] and chain.likeness == wanted["likeness"]
    assert chain.extrapolated == wanted["extrapolated"]
    last = [row for row in wanted["rows"] if row["step"] == "capability"][0]
    assert [chain.capability[key] for key in ("p05", "p50", "p95", "unit")] == [
        last["p05"], last["p50"], last["p95"], last["unit"]
    ]
    assert all(row["source"] and row["expression"] and row["kind"] for row in cli.rows(chain.frame))


def test_draws_hold_the_quantiles(snapshot):
    chain = chipcast.scale("meta", snapshot)
    draws = sorted(chain.draws())
    assert len(draws) == 10_000
    assert draws[4_998] <= chain.capability["p50"] <= draws[5_001]
    shown = chain._repr_html_()
    assert shown.startswith("<table>") and len(shown) < 20_000


TEXT = 'title = "half"\nspend_factor = 0.5\n'


def test_scenarios_by_name_text_and_file_are_those_of_the_command_line(snapshot, tmp_path):
    file = tmp_path / "half.toml"
    file.write_text(TEXT)
    wanted = cli.document("scale", "msft", "--scenario", file)["rows"]
    for given in [TEXT, file, str(file)]:
        cli.same(chipcast.scenario("msft", given, snapshot), wanted)
    named = cli.rows(chipcast.scenario("msft", "cut", snapshot))
    assert [row["quantity"] for row in named] == ["purchases", "installed", "power", "run", "capability"]
    base = cli.rows(chipcast.scenario("msft", "base", snapshot))
    assert all(row["delta_p05"] == row["delta_p95"] == 0.0 for row in base)


def test_broken_scenarios_are_refused_with_their_place(snapshot, tmp_path):
    with pytest.raises(chipcast.NotFoundError) as raised:
        chipcast.scenario("msft", "boom", snapshot)
    assert "accelerate" in raised.value.hint
    with pytest.raises(chipcast.NotFoundError, match="missing.toml"):
        chipcast.scenario("msft", tmp_path / "missing.toml", snapshot)
    with pytest.raises(chipcast.ParseError, match="line 2"):
        chipcast.scenario("msft", 'title = "x"\nspent = 1\n', snapshot)
    with pytest.raises(chipcast.NotFoundError, match="no series of spend"):
        chipcast.scale("acme", snapshot)


@pytest.mark.parametrize(("asked", "company"), [("eci=160", None), ("eci=155", "msft"), ("eci=400", None)])
def test_what_a_capability_takes_is_that_of_the_command_line(snapshot, asked, company):
    buyer = () if company is None else ("--company", company)
    told = ("scale", "require", "--capability", asked, *buyer)
    wanted = cli.document(*told, codes=(0, 3))
    found = chipcast.required_purchase(asked, company, snapshot)
    cli.same(found.frame, wanted["rows"])
    assert found.verdicts == wanted["verdicts"] and found.buyers == wanted["buyers"]
    assert found.verdict == wanted["verdicts"][0]["verdict"]
    assert found.binding == wanted["verdicts"][0]["binding"]
    assert found.by.isoformat() == wanted["by"]
    assert (found.binding is not None) == (found.verdict == "infeasible")
    assert found.verdict in repr(found)


def test_impossible_capabilities_are_refused_in_words(snapshot):
    with pytest.raises(chipcast.InvalidError, match="is no capability"):
        chipcast.required_purchase("160", snapshot=snapshot)
    with pytest.raises(chipcast.InvalidError, match="not after"):
        chipcast.required_purchase("eci=160", snapshot=snapshot, by="2026-09-01")


def test_multiples_are_those_of_the_command_line():
    cli.same(chipcast.multiple(), cli.document("scale", "multiple", as_of=None)["rows"])
    told = ("scale", "multiple", "--parameters", 3)
    cli.same(chipcast.multiple(3), cli.document(*told, as_of=None)["rows"])
    with pytest.raises(chipcast.InvalidError):
        chipcast.multiple(0)
