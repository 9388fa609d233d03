"""The models of a panel, by the names that they have in statsforecast, and chipcast's own.

Intervals are always conformal, learned from the past of the whole panel, whatever the model: there is nothing
to choose. `prediction_intervals` is taken by every model so that scripts run as they are, and changes nothing.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, ClassVar

from chipcast.errors import InvalidError

__all__ = [
    "AutoCES",
    "AutoETS",
    "Chipcast",
    "DampedHolt",
    "DynamicOptimizedTheta",
    "DynamicTheta",
    "HistoricAverage",
    "Holt",
    "Model",
    "Naive",
    "OptimizedTheta",
    "RandomWalkWithDrift",
    "Ridge",
    "SeasonalNaive",
    "Theta",
]

Column = tuple[str, str, int]


class Model:
    """What all models have: parameters that can be read and set, as in scikit-learn.

    >>> from chipcast.models import AutoETS
    >>> model = AutoETS(season_length=4, alias="ets")
    >>> model
    ets
    >>> model.get_params()
    {'season_length': 4, 'model': 'ZZZ', 'damped': None, 'phi': None, 'alias': 'ets', 'prediction_intervals': None}
    """

    #: The name in the library.
    _name: ClassVar[str]
    #: How statsforecast puts the columns of this model's intervals: `nested`, `sorted` or `paired`.
    _order: ClassVar[str] = "nested"

    alias: str
    prediction_intervals: Any = None

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name."""
        names = list(inspect.signature(type(self).__init__).parameters)[1:]
        return {name: getattr(self, name) for name in names}

    def set_params(self, **params: Any) -> Model:
        """Sets parameters by name."""
        known = self.get_params()
        for name, value in params.items():
            if name not in known:
                raise InvalidError(
                    f"`{type(self).__name__}` has no parameter `{name}`",
                    f"there are {', '.join(known)}",
                )
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        return self.alias

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.get_params() == other.get_params()

    def __hash__(self) -> int:
        return hash((type(self), self.alias))

    def _season(self) -> int | None:
        season = getattr(self, "season_length", 1)
        if season is None:
            return None
        if isinstance(season, bool) or not isinstance(season, int) or season < 1:
            raise InvalidError(f"`season_length` is a whole number, 1 or more; found is {season!r}")
        return season

    def _spec(self, level: list[float]) -> dict[str, Any]:
        """What the compiled part needs: name, season, and the columns to make."""
        self._check()
        columns: list[Column] = [(self.alias, "yhat", 0)]
        of = {width: idx for idx, width in enumerate(level)}
        low = [(f"{self.alias}-lo-{_word(width)}", "lo", of[width]) for width in level]
        high = [(f"{self.alias}-hi-{_word(width)}", "hi", of[width]) for width in level]
        if self._order == "paired":
            columns += [column for pair in zip(low, high) for column in pair]
        else:
            low.sort(key=lambda column: level[column[2]], reverse=self._order == "nested")
            high.sort(key=lambda column: level[column[2]])
            columns += low + high
        return {
            "alias": self.alias,
            "name": self._name,
            "season": self._season(),
            "ridge": self._ridge(),
            "columns": columns,
        }

    def _ridge(self) -> tuple[list[int], float] | None:
        """Lags and penalty, of a model that has them."""
        return None

    def _check(self) -> None:
        """Refuses what is not offered."""


def _word(width: float) -> str:
    return str(int(width)) if float(width).is_integer() and isinstance(width, int) else str(width)


def _only(model: Model, /, **allowed: Any) -> None:
    for name, value in allowed.items():
        found = getattr(model, name)
        if found != value:
            raise InvalidError(
                f"`{type(model).__name__}({name}={found!r})` is not offered; needed is {value!r}",
                "the form of the model is chosen for each series",
            )


class Chipcast(Model):
    """The combination of eight members, three of which learn from the whole panel.

    | parameter | default | purpose |
    |---|---|---|
    | `season_length` | `None` | periods in a season, up to 400; by default as usual for the steps of `ds` |
    | `alias` | `"Chipcast"` | name of its column |
    """

    _name = "Chipcast"

    def __init__(
        self,
        season_length: int | None = None,
        alias: str = "Chipcast",
        prediction_intervals: Any = None,
    ) -> None:
        self.season_length = season_length
        self.alias = alias
        self.prediction_intervals = prediction_intervals


class AutoETS(Model):
    """Exponential smoothing, its form chosen by AICc. `model`, `damped` and `phi` take their defaults alone."""

    _name = "AutoETS"

    def __init__(
        self,
        season_length: int = 1,
        model: str = "ZZZ",
        damped: bool | None = None,
        phi: float | None = None,
        alias: str = "AutoETS",
        prediction_intervals: Any = None,
    ) -> None:
        self.season_length = season_length
        self.model = model
        self.damped = damped
        self.phi = phi
        self.alias = alias
        self.prediction_intervals = prediction_intervals

    def _check(self) -> None:
        _only(self, model="ZZZ", damped=None, phi=None)


class AutoCES(Model):
    """Complex exponential smoothing of the series without its season, which is put back.

    `model` takes its default alone.
    """

    _name = "AutoCES"

    def __init__(
        self,
        season_length: int = 1,
        model: str = "Z",
        alias: str = "CES",
        prediction_intervals: Any = None,
    ) -> None:
        self.season_length = season_length
        self.model = model
        self.alias = alias
        self.prediction_intervals = prediction_intervals

    def _check(self) -> None:
        _only(self, model="Z")


class _Plain(Model):
    """A model without a season."""

    _order = "sorted"


class Naive(_Plain):
    """The last value."""

    _name = "Naive"

    def __init__(self, alias: str = "Naive", prediction_intervals: Any = None) -> None:
        self.alias = alias
        self.prediction_intervals = prediction_intervals


class RandomWalkWithDrift(_Plain):
    """The last value, and the mean change a period."""

    _name = "RandomWalkWithDrift"

    def __init__(self, alias: str = "RWD", prediction_intervals: Any = None) -> None:
        self.alias = alias
        self.prediction_intervals = prediction_intervals


class HistoricAverage(_Plain):
    """The mean of all values."""

    _name = "HistoricAverage"

    def __init__(self, alias: str = "HistoricAverage", prediction_intervals: Any = None) -> None:
        self.alias = alias
        self.prediction_intervals = prediction_intervals


class SeasonalNaive(Model):
    """The value of a season ago."""

    _name = "SeasonalNaive"
    _order = "sorted"

    def __init__(
        self,
        season_length: int,
        alias: str = "SeasonalNaive",
        prediction_intervals: Any = None,
    ) -> None:
        self.season_length = season_length
        self.alias = alias
        self.prediction_intervals = prediction_intervals


class _ThetaLike(Model):
    """A Theta model. `decomposition_type` takes its default alone."""

    _order = "paired"
    decomposition_type: str

    def _check(self) -> None:
        _only(self, decomposition_type="multiplicative")


class Theta(_ThetaLike):
    """The standard Theta model."""

    _name = "Theta"

    def __init__(
        self,
        season_length: int = 1,
        decomposition_type: str = "multiplicative",
        alias: str = "Theta",
        prediction_intervals: Any = None,
    ) -> None:
        self.season_length = season_length
        self.decomposition_type = decomposition_type
        self.alias = alias
        self.prediction_intervals = prediction_intervals


class OptimizedTheta(_ThetaLike):
    """The Theta model with its slope fitted."""

    _name = "OptimizedTheta"

    def __init__(
        self,
        season_length: int = 1,
        decomposition_type: str = "multiplicative",
        alias: str = "OptimizedTheta",
        prediction_intervals: Any = None,
    ) -> None:
        self.season_length = season_length
        self.decomposition_type = decomposition_type
        self.alias = alias
        self.prediction_intervals = prediction_intervals


class DynamicTheta(_ThetaLike):
    """The standard Theta model, whose trend follows the values."""

    _name = "DynamicTheta"

    def __init__(
        self,
        season_length: int = 1,
        decomposition_type: str = "multiplicative",
        alias: str = "DynamicTheta",
        prediction_intervals: Any = None,
    ) -> None:
        self.season_length = season_length
        self.decomposition_type = decomposition_type
        self.alias = alias
        self.prediction_intervals = prediction_intervals


class DynamicOptimizedTheta(_ThetaLike):
    """The Theta model with its slope fitted, whose trend follows the values."""

    _name = "DynamicOptimizedTheta"

    def __init__(
        self,
        season_length: int = 1,
        decomposition_type: str = "multiplicative",
        alias: str = "DynamicOptimizedTheta",
        prediction_intervals: Any = None,
    ) -> None:
        self.season_length = season_length
        self.decomposition_type = decomposition_type
        self.alias = alias
        self.prediction_intervals = prediction_intervals


class Holt(Model):
    """Level and trend. `error_type` takes its default alone."""

    _name = "Holt"

    def __init__(
        self,
        season_length: int = 1,
        error_type: str = "A",
        alias: str = "Holt",
        prediction_intervals: Any = None,
    ) -> None:
        self.season_length = season_length
        self.error_type = error_type
        self.alias = alias
        self.prediction_intervals = prediction_intervals

    def _check(self) -> None:
        _only(self, error_type="A")


class DampedHolt(Model):
    """Level and a trend that fades. statsforecast has it as `AutoETS(model="AAN", damped=True)`."""

    _name = "DampedHolt"

    def __init__(
        self,
        season_length: int = 1,
        alias: str = "DampedHolt",
        prediction_intervals: Any = None,
    ) -> None:
        self.season_length = season_length
        self.alias = alias
        self.prediction_intervals = prediction_intervals


class Ridge(Model):
    """Ridge regression on the last values and on the other columns of the table, further periods on nearer forecasts.

    | parameter | default | purpose |
    |---|---|---|
    | `lags` | `(1,)` | periods back, each 1 to 400; may be empty where there are other columns |
    | `penalty` | `1.0` | added to the diagonal of `XᵀX`, as scikit-learn's `alpha`; 0 or more |
    | `alias` | `"Ridge"` | name of its column |

    Every column beside name, `ds` and value is a driver; `X_df` has the drivers of the periods to come.
    """

    _name = "Ridge"

    def __init__(
        self,
        lags: Sequence[int] = (1,),
        penalty: float = 1.0,
        alias: str = "Ridge",
        prediction_intervals: Any = None,
    ) -> None:
        self.lags = lags
        self.penalty = penalty
        self.alias = alias
        self.prediction_intervals = prediction_intervals

    def _ridge(self) -> tuple[list[int], float]:
        if any(isinstance(lag, bool) or not isinstance(lag, int) or lag < 1 for lag in self.lags):
            raise InvalidError(f"`lags` are whole numbers, 1 or more; found is {self.lags!r}")
        return list(self.lags), float(self.penalty)


#: What statsforecast has and this package has not, and what to use instead.
_INSTEAD: dict[str, str] = {
    **dict.fromkeys(["AutoARIMA", "ARIMA", "UCM"], "Chipcast"),
    **dict.fromkeys(["AutoTheta"], "DynamicOptimizedTheta"),
    **dict.fromkeys(["AutoMFLES", "MFLES", "MSTL", "AutoTBATS", "TBATS"], "Chipcast"),
    **dict.fromkeys(
        [
            "HoltWinters",
            "SeasonalExponentialSmoothing",
            "SeasonalExponentialSmoothingOptimized",
            "SimpleExponentialSmoothing",
            "SimpleExponentialSmoothingOptimized",
        ],
        "AutoETS",
    ),
    **dict.fromkeys(["WindowAverage", "ADIDA", "IMAPA"], "HistoricAverage"),
    **dict.fromkeys(["SeasonalWindowAverage", "ConformalSeasonalPool"], "SeasonalNaive"),
    **dict.fromkeys(["CrostonClassic", "CrostonOptimized", "CrostonSBA", "TSB"], "Chipcast"),
    **dict.fromkeys(["ConstantModel", "ZeroModel", "NaNModel"], "Naive"),
    **dict.fromkeys(["AutoRegressive", "SklearnModel"], "Ridge"),
    **dict.fromkeys(["GARCH", "ARCH"], "Chipcast"),
}


def __getattr__(name: str) -> Any:
    """A model of statsforecast that is not offered can be imported, and says so when it is made."""
    if name not in _INSTEAD:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def refuse(self: Any, *args: Any, **kwargs: Any) -> None:
        raise InvalidError(f"`{name}` is not offered", f"the nearest that is: `{_INSTEAD[name]}`")

    return type(name, (), {"__init__": refuse, "__doc__": f"Not offered; see `{_INSTEAD[name]}`."})
