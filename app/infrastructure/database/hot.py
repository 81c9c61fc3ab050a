"""Hot statements: written with SQLAlchemy Core over the models, and compiled once."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from sqlalchemy import BindParameter, ClauseElement, Executable, bindparam
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect
from sqlalchemy.types import TypeEngine

Records: TypeAlias = Sequence[Sequence[Any]]

DIALECT: Final = asyncpg_dialect()


def given(name: str, type_: TypeEngine[Any]) -> BindParameter[Any]:
    """What each execution of a hot statement gives a value for."""
    return bindparam(name, None, type_)


class Hot:
    """A statement with its SQL for asyncpg, compiled once: all in it that is not `given` is the same each time."""

    __slots__ = ("_constants", "_order", "names", "sql", "statement")

    def __init__(self, statement: Executable) -> None:
        if not isinstance(statement, ClauseElement):
            raise TypeError(statement)
        compiled: Any = statement.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
        self.statement: Any = statement
        self.sql = str(compiled)
        self._order: tuple[str, ...] = tuple(compiled.positiontup)
        self.names = frozenset(name for name, bind in compiled.binds.items() if not bind.unique)
        self._constants: dict[str, Any] = {
            name: value for name, value in compiled.params.items() if name not in self.names
        }

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """The values in the order in which the SQL names them; raises `KeyError` for one that is missing."""
        constants = self._constants
        return [values[name] if name in values else constants[name] for name in self._order]
