"""What a run comes to, as one value that can be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlops_magics.compare.difference.curves import Curve
from mlops_magics.compare.difference.data import Tables, tables_of
from mlops_magics.compare.difference.sameness import Recorded
from mlops_magics.compare.difference.stored import StoredCurves
from mlops_magics.compare.difference.structure import structure_in_store
from mlops_magics.compare.difference.surroundings import state_of
from mlops_magics.compare.source import own_sources
from mlops_magics.records import Artifact, Run, decode

if TYPE_CHECKING:
    from mlops_magics.store.queries import Store


@dataclass(frozen=True, kw_only=True, eq=False)
class Variant(Recorded):
    """What a run comes to. Two variants are equal where all of this was recorded the same.

    Attributes
    ----------
    params
        Every parameter, as it was logged.
    metrics, curves
        The last value of every metric, and the points of those that were logged more than once.
    cells
        The source of every cell it stands on, in the order they ran last.
    data
        The tables by role; see :func:`~.data.tables_of`.
    packages
        Version by name; None where it was not looked.
    code_state
        Python, machine and git; see :func:`~.surroundings.state_of`. None where it was not looked.
    structure
        What its model is made of; see :func:`mlops_magics.model.structure.structure_of`. None where nobody knows.
    artifacts
        By name: type, SHA-256 and size of every file.
    run
        Whose it is; no part of what is compared.
    defaults
        The names of parameters that an estimator was left with, where they were read; no part of what is compared.
    texts
        What digests in ``data`` and ``code_state`` stand for, as far as it was read; no part of what is compared.
    """

    params: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    curves: Mapping[str, Curve] = field(default_factory=dict)
    cells: tuple[str, ...] = ()
    data: Tables = field(default_factory=dict)
    packages: Mapping[str, str] | None = None
    code_state: Mapping[str, Any] | None = None
    structure: Mapping[str, Any] | None = None
    artifacts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    run: Run | None = field(default=None, compare=False)
    defaults: frozenset[str] = field(default=frozenset(), compare=False)
    texts: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)


def variant(run: Run | str, store: Store) -> Variant:
    """What a run comes to.

    Parameters
    ----------
    run
        A run, or what names it.
    store
        Where it is. Points of curves stay there until they are needed.

    Raises
    ------
    RunNotFound
        It is not in the store.
    """
    (found,) = variants([run], store)
    return found


def variants(runs: Sequence[Run | str], store: Store, *, with_defaults: bool = False) -> tuple[Variant, ...]:
    """What several runs come to beside each other, as of one moment.

    Two runs of one notebook share what ran in its kernel before both, and the later one stands on the earlier: cells
    that ran before a run began, and that another of these runs stands on too, are no part of its variant. A run alone
    has all its cells. Which parameters are defaults is read where that is asked for.
    """
    with store.snapshot():
        found = [store.find(run) for run in runs]
        shelf = StoredCurves(store)
        cells = [store.cells(run) for run in found]
        environments = [store.environment(run) for run in found]
        tables = [tables_of(store.datasets(run)) for run in found]
        artifacts = [store.artifacts(run) for run in found]
        texts = store.texts(sorted({
            *(cell.source for several in cells for cell in several),
            *(digest for place in environments if place for digest in (place.packages, place.git_patch) if digest),
            *(table["profile"] for several in tables for table in several.values() if "profile" in table),
        }))
        made = []
        for position, run in enumerate(found):
            others = {cell.source for at, several in enumerate(cells) if at != position for cell in several}
            place = environments[position]
            made.append(Variant(
                params=store.params(run),
                metrics=store.metrics(run),
                curves=shelf.of(run),
                cells=tuple(own_sources(cells[position], texts, known=others)),
                data=tables[position],
                packages=decode(texts[place.packages]) if place and place.packages in texts else None,
                code_state=state_of(place) if place else None,
                structure=structure_in_store(store.model(run), store),
                artifacts=_kept(artifacts[position]),
                run=run,
                defaults=frozenset(store.default_params(run) if with_defaults else ()),
                texts=texts,
            ))
        return tuple(made)


def _kept(artifacts: Sequence[Artifact]) -> dict[str, dict[str, Any]]:
    """The newest file of each name."""
    return {item.name: {"type": item.type, "sha256": item.sha256, "size_bytes": item.size_bytes} for item in artifacts}
