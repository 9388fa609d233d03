# What the compiled module offers. Sections: panel and frames; archive; forecast; scaling; report.

from collections.abc import Callable
from typing import Any, Self, final

__version__: str
MODELS: list[str]

# Panel and frames

@final
class Frame:
    def __new__(cls, table: Any, columns: list[str] | None = None) -> Self: ...
    @property
    def columns(self) -> list[str]: ...
    @property
    def shape(self) -> tuple[int, int]: ...
    def views(self) -> Frame: ...
    def to_dict(self) -> dict[str, list[Any]]: ...
    def __arrow_c_stream__(self, requested_schema: object = None) -> object: ...
    def __len__(self) -> int: ...
    def _repr_html_(self) -> str: ...

@final
class Panel:
    def __new__(
        cls,
        table: Any,
        id_col: str,
        time_col: str,
        target_col: str,
        n_threads: int | None = None,
    ) -> Self: ...
    def forecast(
        self, plan: dict[str, Any], progress: Callable[[int], None] | None = None
    ) -> tuple[Frame, Frame]: ...
    def cross_validate(
        self,
        plan: dict[str, Any],
        origins: dict[str, int],
        progress: Callable[[int], None] | None = None,
    ) -> tuple[Frame, Frame]: ...
    def __len__(self) -> int: ...

def run_command_line(arguments: list[str]) -> int: ...
