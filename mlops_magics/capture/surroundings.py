"""Where a run happens, looked at beside it."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlops_magics.capture.run import ActiveRun

QUIET_SECONDS = 0.3
"""So long after a run began: beside the cell that begins it, the two would be slower than one after the other."""


class EnvironmentLook:
    """Records the environment of a run from a thread: reading the metadata of a hundred packages takes a while.

    Parameters
    ----------
    run
        Whose environment it is.
    folder
        Where it works.
    """

    def __init__(self, run: ActiveRun, folder: Path) -> None:
        self._run = run
        self._folder = folder

    def start(self) -> None:
        """Look, soon."""
        threading.Thread(target=self._look, name="mlops-environment").start()

    def stop(self) -> None:
        """The run is over; the look goes on, since a short run has an environment too."""

    def _look(self) -> None:
        time.sleep(QUIET_SECONDS)
        # Brings half of what loading this package would otherwise take.
        from mlops_magics.capture.environment import collect

        run = self._run
        keeps_patch = not run.privacy.is_private and not run.privacy.columns
        environment, texts = collect(self._folder, run.store.path, keeps_patch=keeps_patch)
        if not run.observe(*texts, environment):
            # The run was shorter than the look: its journal is closed, another one carries this.
            run.store.record(run.id, *texts, environment)
