"""Which fit a model came out of, as far as fits were seen."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

from mlops_magics.store.identity import new_id


class FittedModels:
    """The models of a run, each with the id of the fit that made it what it is.

    A model of a class that nothing can refer to weakly is treated as one nobody saw being fitted.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> fitted, model = FittedModels(), Ridge()
    >>> fitted.by_new_fit(model) == fitted.fit_of(model), fitted.fit_of(Ridge())
    (True, None)
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fits: WeakKeyDictionary[Any, str] = WeakKeyDictionary()

    def by_new_fit(self, *models: Any) -> str:
        """A fit made these what they are: the id it is recorded under."""
        fit = new_id()
        self.by_fit(fit, *models)
        return fit

    def by_fit(self, fit: str, *models: Any) -> None:
        """These are what a fit made them that has its id already."""
        with self._lock:
            for model in models:
                with suppress(TypeError):
                    self._fits[model] = fit

    def forget(self, model: Any) -> None:
        """A fit of the model failed, and left nobody knows what."""
        with self._lock, suppress(TypeError):
            self._fits.pop(model, None)

    def fit_of(self, model: Any) -> str | None:
        """The id of the newest fit of a model, None where it was not seen."""
        with self._lock:
            try:
                return self._fits.get(model)
            except TypeError:
                return None
