"""`StatsForecast`: a panel of series and a list of models, with the calls and columns of statsforecast 2."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence
from typing import Any

from chipcast import freq as frequency
from chipcast._core import Frame, Panel
from chipcast.errors import InvalidError
from chipcast.frames import like, readable
from chipcast.models import Model, Ridge

__all__ = ["StatsForecast"]


class StatsForecast:
    """Forecasts every series of a table with every model of a list.

    | parameter | default | purpose |
    |---|---|---|
    | `models` | | models of `chipcast.models`, each under a name of its own |
    | `freq` | `None` | step of `ds`, as in pandas (`"QE"`), polars (`"1q"`) or a whole number; by default each series' own |
    | `n_jobs` | `1` | threads; `-1` for one a core |
    | `fallback_model` | `None` | model that answers where another fails |
    | `verbose` | `False` | whether to show progress, on a terminal or in a notebook, on stderr |

    A series that cannot be forecast has its rows with nulls in them, and `status_` says why; it is never an
    exception. Columns beside the three that are named are read by `Ridge` alone.

    >>> from chipcast import StatsForecast
    >>> from chipcast.models import AutoETS, SeasonalNaive
    >>> sales = {
    ...     "unique_id": ["a"] * 12,
    ...     "ds": list(range(1, 13)),
    ...     "y": [3.0, 5, 8, 4, 4, 6, 9, 5, 5, 7, 10, 6],
    ... }
    >>> forecaster = StatsForecast([SeasonalNaive(season_length=4), AutoETS(season_length=4)], freq=1)
    >>> forecast = forecaster.forecast(df=sales, h=2, level=[80])
    >>> list(forecast)
    ['unique_id', 'ds', 'SeasonalNaive', 'SeasonalNaive-lo-80', 'SeasonalNaive-hi-80', 'AutoETS', 'AutoETS-lo-80', 'AutoETS-hi-80']
    >>> forecast["ds"], forecast["SeasonalNaive"]
    ([13, 14], [5.0, 7.0])
    >>> forecaster.status_["status"]
    ['no_skill', 'no_skill']
    """

    #: One row a series and model: `status`, `model_used`, `fallback_reason`. In the kind of the table given.
    status_: Any
    #: The series, once fitted.
    panel_: Panel

    def __init__(
        self,
        models: Sequence[Model],
        freq: str | int | None = None,
        n_jobs: int = 1,
        fallback_model: Model | None = None,
        verbose: bool = False,
    ) -> None:
        self.models = models
        self.freq = freq
        self.n_jobs = n_jobs
        self.fallback_model = fallback_model
        self.verbose = verbose
        self._check()

    def fit(
        self,
        df: Any,
        prediction_intervals: Any = None,
        id_col: str = "unique_id",
        time_col: str = "ds",
        target_col: str = "y",
    ) -> StatsForecast:
        """Puts the series of a table in order and keeps them; gives itself back.

        Models are fitted by `predict`, since what a panel teaches depends on how far ahead is asked.
        `prediction_intervals` changes nothing: intervals are always conformal.
        """
        self._check()
        self.panel_ = self._panel(df, id_col, time_col, target_col)
        return self

    def predict(self, h: int, X_df: Any = None, level: Sequence[float] | None = None) -> Any:
        """Forecasts of the series that were fitted, `h` periods ahead.

        | parameter | purpose |
        |---|---|
        | `h` | periods, 1 to 400 |
        | `X_df` | drivers of the periods to come, for `Ridge` |
        | `level` | widths of intervals in percent, between 0 and 100 |
        """
        if not hasattr(self, "panel_"):
            raise InvalidError("nothing is fitted yet", "call `fit` first, or `forecast` for both")
        ahead = self._ahead(X_df)
        plan = self._plan(h, level)
        progress = self._progress(plan, len(self.panel_))
        forecasts, status = self.panel_.forecast(plan, progress, ahead)
        return self._answer(forecasts, status)

    def fit_predict(
        self,
        h: int,
        df: Any,
        X_df: Any = None,
        level: Sequence[float] | None = None,
        prediction_intervals: Any = None,
        id_col: str = "unique_id",
        time_col: str = "ds",
        target_col: str = "y",
    ) -> Any:
        """`fit` and `predict` in one."""
        self.fit(df, prediction_intervals, id_col, time_col, target_col)
        return self.predict(h, X_df, level)

    def forecast(
        self,
        h: int,
        df: Any,
        X_df: Any = None,
        level: Sequence[float] | None = None,
        fitted: bool = False,
        prediction_intervals: Any = None,
        id_col: str = "unique_id",
        time_col: str = "ds",
        target_col: str = "y",
    ) -> Any:
        """Forecasts of every series, `h` periods ahead; nothing is kept but `status_`.

        | parameter | default | purpose |
        |---|---|---|
        | `h` | | periods, 1 to 400 |
        | `df` | | table with Arrow: polars, pandas, pyarrow, DuckDB; or a list for each column |
        | `X_df` | `None` | drivers of the periods to come, for `Ridge`; an error where no model reads them |
        | `level` | `None` | widths of intervals in percent, between 0 and 100 |
        | `fitted` | `False` | not offered: `cross_validation` shows how good a model was |
        | `prediction_intervals` | `None` | changes nothing: intervals are always conformal |
        | `id_col`, `time_col`, `target_col` | `unique_id`, `ds`, `y` | names of the columns |
        """
        self._no_fitted(fitted)
        plan = self._plan(h, level)
        panel = self._panel(df, id_col, time_col, target_col)
        progress = self._progress(plan, len(panel))
        forecasts, status = panel.forecast(plan, progress, self._ahead(X_df))
        return self._answer(forecasts, status)

    def cross_validation(
        self,
        h: int,
        df: Any,
        n_windows: int | None = 1,
        step_size: int = 1,
        test_size: int | None = None,
        input_size: int | None = None,
        level: Sequence[float] | None = None,
        fitted: bool = False,
        refit: bool | int = True,
        prediction_intervals: Any = None,
        id_col: str = "unique_id",
        time_col: str = "ds",
        target_col: str = "y",
    ) -> Any:
        """Forecasts from earlier origins beside what came; no origin sees anything after it.

        | parameter | default | purpose |
        |---|---|---|
        | `n_windows` | `1` | origins; not read if `test_size` is given |
        | `step_size` | `1` | periods from one origin to the next |
        | `test_size` | `None` | periods from the first origin to the end |
        | `input_size` | `None` | not offered: every origin knows all that came before it |
        | `refit` | `True` | what the panel teaches is learned at every origin, at every so many-th, or at the first alone |

        The others are those of `forecast`.
        """
        self._no_fitted(fitted)
        if input_size is not None:
            raise InvalidError("`input_size` is not offered", "cut the table to the rows that may be seen")
        if test_size is not None:
            if (test_size - h) % step_size != 0 or test_size < h:
                raise InvalidError(
                    f"`test_size` {test_size} is not `h` {h} and a multiple of `step_size` {step_size}"
                )
            n_windows = (test_size - h) // step_size + 1
        if n_windows is None:
            raise InvalidError("neither `n_windows` nor `test_size` is given")
        plan = self._plan(h, level)
        every = _whole("refit", 1 if refit is True else int(refit), 0)
        origins = {
            "n_windows": _whole("n_windows", n_windows, 1),
            "step_size": _whole("step_size", step_size, 1),
            "refit": every,
        }
        panel = self._panel(df, id_col, time_col, target_col)
        progress = self._progress(plan, len(panel) * n_windows)
        found, status = panel.cross_validate(plan, origins, progress)
        return self._answer(found, status)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name, as scikit-learn asks for them.

        >>> from chipcast import StatsForecast
        >>> from chipcast.models import Naive
        >>> StatsForecast([Naive()], freq="D").get_params()["freq"]
        'D'
        """
        names = list(inspect.signature(type(self).__init__).parameters)[1:]
        return {name: getattr(self, name) for name in names}

    def set_params(self, **params: Any) -> StatsForecast:
        """Sets parameters by name; gives itself back."""
        known = self.get_params()
        for name, value in params.items():
            if name not in known:
                raise InvalidError(f"no parameter `{name}`", f"there are {', '.join(known)}")
            setattr(self, name, value)
        self._check()
        return self

    def __repr__(self) -> str:
        return f"StatsForecast(models=[{','.join(map(repr, self.models))}])"

    def _repr_html_(self) -> str:
        from html import escape

        told = f"<p><code>{escape(repr(self))}</code></p>"
        status = getattr(self, "status_", None)
        if status is None:
            return told
        table = status if hasattr(status, "_repr_html_") else Frame(readable(status))
        return told + str(table._repr_html_())

    def __getstate__(self) -> dict[str, Any]:
        """Parameters alone: what was fitted stays where it is."""
        return self.get_params()

    def _check(self) -> None:
        models = list(self.models)
        for model in [*models, *([] if self.fallback_model is None else [self.fallback_model])]:
            if not isinstance(model, Model):
                raise InvalidError(
                    f"a model is one of `chipcast.models`; found is {model!r}",
                    "models of another package are not run",
                )
        names = [model.alias for model in models]
        if not names:
            raise InvalidError("no model is given")
        if len(names) != len(set(names)):
            raise InvalidError(
                f"two models have one name: {', '.join(names)}", "`alias` names a model"
            )
        frequency.read(self.freq)
        self._n_threads()

    def _n_threads(self) -> int | None:
        if self.n_jobs == -1:
            return None
        return _whole("n_jobs", self.n_jobs, 1)

    def _plan(self, h: int, level: Sequence[float] | None) -> dict[str, Any]:
        self._check()
        widths = list(level or [])
        for width in widths:
            if isinstance(width, bool) or not isinstance(width, (int, float)) or not 0 < width < 100:
                raise InvalidError(f"a level is between 0 and 100; found is {width!r}")
        fallback = self.fallback_model
        return {
            "models": [model._spec(widths) for model in self.models],
            "fallback": None if fallback is None else fallback._spec(widths),
            "h": _whole("h", h, 1),
            "level": [float(width) for width in widths],
            "freq": frequency.read(self.freq),
            "n_threads": self._n_threads(),
        }

    def _answer(self, forecasts: Frame, status: Frame) -> Any:
        self.status_ = like(status, self._given)
        return like(forecasts, self._given)

    def _panel(self, df: Any, id_col: str, time_col: str, target_col: str) -> Panel:
        """The series of a table, with its other columns where a model reads them."""
        table = readable(df)
        named = [id_col, time_col, target_col]
        drivers: list[str] = []
        if self._has_ridge():
            table = Frame(table)
            drivers = [name for name in table.columns if name not in named]
        self._given = _sample(df)
        self._columns = [id_col, time_col, *drivers]
        return Panel(table, id_col, time_col, target_col, self._n_threads(), drivers)

    def _has_ridge(self) -> bool:
        return any(isinstance(model, Ridge) for model in [*self.models, self.fallback_model])

    def _ahead(self, X_df: Any) -> tuple[Any, list[str]] | None:
        """The table of drivers to come, and which of its columns are read."""
        drivers = self._columns[2:]
        if X_df is None and not drivers:
            return None
        if X_df is None:
            raise InvalidError(
                f"the drivers {', '.join(drivers)} are not known ahead",
                "`X_df` has them for the periods to come; leave the columns out to do without",
            )
        if not drivers:
            raise InvalidError("no model here reads `X_df`", "`Ridge` reads the other columns of `df`")
        return readable(X_df), self._columns

    def _progress(self, plan: dict[str, Any], n: int) -> Callable[[int], None] | None:
        """Says how many answers are made, where somebody looks."""
        if not self.verbose or not _is_watched():
            return None
        times = len(plan["models"]) + (plan["fallback"] is not None)
        n_all = times * n

        def show(n_done: int) -> None:
            sys.stderr.write(f"\rchipcast: {min(n_done, n_all)} of {n_all} forecasts")
            sys.stderr.flush()

        return show

    @staticmethod
    def _no_fitted(fitted: bool) -> None:
        if fitted:
            raise InvalidError(
                "`fitted` is not offered", "`cross_validation` shows how good a model was"
            )


def _whole(name: str, value: int, least: int) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
        raise InvalidError(f"`{name}` is a whole number, {least} or more; found is {value!r}")
    return value.__index__()


def _sample(table: Any) -> Any:
    """Something of the kind of the table, without its rows."""
    if isinstance(table, dict):
        return {}
    if hasattr(table, "head") and not hasattr(table, "fetchone"):
        return table.head(0)
    return table


def _is_watched() -> bool:
    """Whether stderr is a terminal, or this is a notebook."""
    shell = sys.modules.get("IPython")
    get = getattr(shell, "get_ipython", lambda: None)()
    return sys.stderr.isatty() or type(get).__name__ == "ZMQInteractiveShell"
