"""Frozen values that cost an import next to nothing.

A dataclass compiles half a dozen methods per class while its module is imported; the blocks of a document are a dozen
classes, and every command of this package imports them. These values look the same to a reader and a type checker.
"""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn, dataclass_transform


@dataclass_transform(frozen_default=True)
class Value:
    """Fields from annotations, in order, with class attributes as defaults; equal by content, never changed.

    ``check`` runs once the fields are there, and ``_set`` may still replace one of them in it.

    Examples
    --------
    >>> class Point(Value):
    ...     x: int
    ...     y: int = 0
    >>> Point(1), Point(1) == Point(x=1, y=0), Point(1) == Point(2)
    (Point(x=1, y=0), True, False)
    """

    _fields: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        cls._fields = tuple(cls.__annotations__)

    def __init__(self, *values: Any, **named: Any) -> None:
        kind = type(self)
        given = {**dict(zip(self._fields, values, strict=False)), **named}
        missing = [name for name in self._fields if name not in given and not hasattr(kind, name)]
        if missing or len(given) < len(values) + len(named) or given.keys() - set(self._fields):
            raise TypeError(f"{kind.__name__} takes {', '.join(self._fields)}; not {values!r:.80} {named!r:.80}")
        self._set(**{name: given[name] if name in given else getattr(kind, name) for name in self._fields})
        self.check()

    def check(self) -> None:
        """Raise where the fields do not make sense together."""

    def _set(self, **fields: Any) -> None:
        self.__dict__.update(fields)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: {name!r} cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: {name!r} cannot be deleted")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    def __hash__(self) -> int:
        return hash((type(self), *vars(self).values()))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({fields})"
