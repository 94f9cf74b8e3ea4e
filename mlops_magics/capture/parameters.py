"""Which parameters are a run's: what the person said, and what its model has. Those of other fits are in their fits."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING

from mlops_magics.records import Param, ParamWithdrawn, Record, encode

if TYPE_CHECKING:
    from mlops_magics.store.queries import Store

MODEL = "model"
"""The key that says what the model is."""

BEST = "best."
"""How the keys of what a search chose begin."""

SEARCH = "search"
BEST_SCORE = "best_score"
"""How good it is; recorded as all that is known of the search."""


class Word(IntEnum):
    """How much it says that a model is the run's. The newest of the strongest word is."""

    CROSS_VALIDATED = 0
    FITTED = 1
    NAMED = 2
    """Evaluated or kept by the person."""


class Parameters:
    """Turns what is learned about parameters into records, so that the newest of each key are the run's.

    What the person said stays, whatever a model has under the same name. When another model becomes the run's, what
    only the former one had is withdrawn; its revisions, and its :class:`~mlops_magics.records.Fit`, keep it.

    Examples
    --------
    >>> told = Parameters()
    >>> _ = told.of_model([Param(key="model", value="Forest"), Param(key="trees", value=9)], Word.FITTED)
    >>> told.of_model([Param(key="model", value="Ridge")], Word.FITTED)
    [ParamWithdrawn(key='trees'), Param(key='model', value='Ridge', is_default=None)]
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._own: set[str] = set()
        self._of_model: dict[str, Param] = {}
        self._word = Word.CROSS_VALIDATED

    @classmethod
    def of_run(cls, store: Store, run: str) -> Parameters:
        """Those of a run that goes on. What is marked as usual or not was some estimator's."""
        told = cls()
        marked, rows = store.param_marks(run), store.params(run)
        for key, value in rows.items():
            if key in marked or (marked and key == MODEL) or key.startswith(BEST):
                told._of_model[key] = Param(key=key, value=value, is_default=marked.get(key))
            else:
                told._own.add(key)
        told._word = Word.FITTED if told._of_model else Word.CROSS_VALIDATED
        return told

    def said(self, keys: Iterable[str]) -> None:
        """The person said these."""
        with self._lock:
            for key in keys:
                self._own.add(key)
                self._of_model.pop(key, None)

    @property
    def has_choice(self) -> bool:
        """Whether the run's model is what a search chose."""
        with self._lock:
            return any(key.startswith(BEST) for key in self._of_model)

    def holds(self, params: Iterable[Param]) -> bool:
        """Whether the run's model has all these values."""
        with self._lock:
            here = {key: encode(param.value) for key, param in self._of_model.items()}
        return all(here.get(param.key) == encode(param.value) for param in params)

    def of_model(self, params: Sequence[Param], word: Word) -> list[Record]:
        """A model is the run's, as far as ``word`` goes: what to record, nothing where a stronger word was said."""
        with self._lock:
            if word < self._word:
                return []
            self._word = word
            new = {param.key: param for param in params if param.key not in self._own}
            former = {key: param for key, param in self._of_model.items() if key not in new}
            kept = _still_found(former, {param.key: param for param in params})
            self._of_model = new | kept
            return [*(ParamWithdrawn(key=key) for key in former if key not in kept), *new.values()]


def _still_found(former: dict[str, Param], params: dict[str, Param]) -> dict[str, Param]:
    """What a search chose stays as long as the run's model is what it chose: its ``best_estimator_``."""
    best = {key: param for key, param in former.items() if key.startswith(BEST)}
    is_it = all(
        (here := params.get(key.removeprefix(BEST))) is not None and encode(here.value) == encode(param.value)
        for key, param in best.items()
    )
    return best if is_it else {}
