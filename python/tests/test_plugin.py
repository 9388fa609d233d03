"""The polars expression says what `StatsForecast` says of a series alone."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import chipcast.polars  # noqa: F401  adds the namespace
from chipcast import InvalidError, StatsForecast, models
from chipcast._core import MODELS

ROWS = pl.DataFrame(
    {
        "unique_id": ["a"] * 24 + ["b"] * 24,
        "y": np.random.default_rng(1).normal(size=48).cumsum() + np.tile([0, 3, 1, 5], 12) + 50,
    }
)


def ahead(**asked: object) -> pl.Expr:
    return pl.col("y").chipcast.forecast(**asked)  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize("name", MODELS)
def test_a_group_is_forecast_as_a_panel_of_its_own(name: str) -> None:
    found = ROWS.lazy().group_by("unique_id", maintain_order=True).agg(
        ahead(h=3, season_length=4, model=name)
    )
    assert found.collect_schema() == pl.Schema({"unique_id": pl.String, "y": pl.List(pl.Float64)})
    kind = getattr(models, name)
    seasonal = "season_length" in kind(**({"season_length": 4} if name == "SeasonalNaive" else {})).get_params()
    model = kind(season_length=4, alias="m") if seasonal else kind(alias="m")
    for series, path in found.collect().iter_rows():
        alone = ROWS.filter(unique_id=series).with_row_index("ds")
        needed = StatsForecast([model]).forecast(df=alone, h=3)
        assert path == needed["m"].to_list()


def test_over_gives_every_row_its_groups_forecast() -> None:
    expression = ahead(h=2, season_length=4, model="AutoETS")
    grouped = ROWS.group_by("unique_id", maintain_order=True).agg(expression.alias("f"))
    over = ROWS.with_columns(expression.over("unique_id").alias("f"))
    assert over["f"].len() == len(ROWS)
    assert over.group_by("unique_id", maintain_order=True).agg(pl.col("f").last()).equals(grouped)


def test_levels_make_a_struct_whose_lists_are_the_panels() -> None:
    alone = ROWS.filter(unique_id="a")
    found = alone.select(ahead(h=2, season_length=4, model="Theta", level=[80, 95]).alias("f")).unnest("f")
    assert found.columns == ["yhat", "lo-80", "hi-80", "lo-95", "hi-95"]
    panel = StatsForecast([models.Theta(season_length=4)]).forecast(
        df=alone.with_row_index("ds"), h=2, level=[80, 95]
    )
    for name in found.columns:
        column = "Theta" if name == "yhat" else f"Theta-{name}"
        assert found[name].to_list() == [panel[column].to_list()]


def test_a_group_without_values_is_null_and_changes_no_other() -> None:
    rows = pl.concat([ROWS, pl.DataFrame({"unique_id": ["c"], "y": [None]}, schema=ROWS.schema)])
    found = rows.group_by("unique_id", maintain_order=True).agg(ahead(h=1, model="Naive"))["y"].to_list()
    assert found[2] is None
    assert found[:2] == [[ROWS["y"][23]], [ROWS["y"][47]]]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"h": 0}, "horizon 0 asked; needed is 1 to 400 periods"),
        ({"h": 1, "model": "AutoARIMA"}, "no model `AutoARIMA` of a panel"),
        ({"h": 1, "season_length": 0}, "season 0 asked"),
        ({"h": -1}, "the expression's arguments are not read"),
    ],
)
def test_what_is_asked_wrongly_is_a_compute_error(asked: dict[str, object], told: str) -> None:
    with pytest.raises(pl.exceptions.ComputeError, match=told):
        ROWS.lazy().select(ahead(**asked)).collect()


def test_texts_and_wild_levels_are_refused() -> None:
    with pytest.raises(pl.exceptions.ComputeError, match="`unique_id` is of the type str; needed are numbers"):
        ROWS.select(pl.col("unique_id").chipcast.forecast(h=1))  # type: ignore[attr-defined]
    with pytest.raises(InvalidError, match="a level is between 0 and 100"):
        ahead(h=1, level=[100])
