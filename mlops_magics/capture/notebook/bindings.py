"""What a name stands for at a moment: who made it, who changed it since, and what it shares with other names."""

from __future__ import annotations

from dataclasses import dataclass, field

from mlops_magics.capture.notebook.bodies import IMPORT, Body


@dataclass(slots=True, eq=False)
class Group:
    """Names that may stand for one object, or for parts of one, and the executions that may have changed it.

    ``touchers`` are in the order they ran; beyond those that surely changed one of the names.
    """

    members: list[Binding]
    touchers: list[int] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Binding:
    """Where a name comes from at a moment: who bound it last, and who changed it since, oldest first.

    ``fixed`` is what it is bound to in full, ``kind`` the last word of what was called to make it, and ``body`` what
    its code does, where that is known; ``is_doubtful`` says that the execution raised, and may not have come as far;
    ``settling`` finds changers by a place they made.
    """

    writer: int | None
    changers: tuple[int, ...] = ()
    fixed: str | None = None
    body: Body | None = None
    kind: str = ""
    is_doubtful: bool = False
    settling: dict[str, list[int]] = field(default_factory=dict)
    group: Group | None = None

    @property
    def providers(self) -> tuple[int, ...]:
        """Everyone the name was made by, oldest first."""
        return self.changers if self.writer is None else (self.writer, *self.changers)

    @property
    def touchers(self) -> tuple[int, ...]:
        """Everyone who may have changed it, oldest first."""
        return tuple(self.group.touchers) if self.group else ()

    @property
    def is_import(self) -> bool:
        """Whether it stands for what an import found."""
        return self.fixed is not None and self.fixed.startswith(IMPORT)

    def touch(self, index: int) -> None:
        """An execution may have changed it."""
        if self.group is None:
            self.group = Group([self])
        if self.group.touchers[-1:] != [index]:
            self.group.touchers.append(index)

    def change(self, index: int) -> None:
        """An execution changed it: for the names it shares something with, that may be a change too."""
        if self.group is not None and len(self.group.members) > 1:
            self.touch(index)

    def share(self, other: Binding) -> None:
        """From now on, what is done to the one may be done to the other."""
        if self is other or (self.group is not None and self.group is other.group):
            return
        left, right = self.group or Group([self]), other.group or Group([other])
        small, large = sorted((left, right), key=lambda group: len(group.members))
        large.touchers = sorted({*large.touchers, *small.touchers})
        large.members += small.members
        self.group = other.group = large
        for member in small.members:
            member.group = large
