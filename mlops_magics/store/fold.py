"""The fold: journals move into the database exactly once, whoever does it and whenever he is killed.

Rows and the offset they were read up to share one commit: killed before it, a fold leaves neither; after it, both.
Nobody who logs ever waits for a fold, and a second folder goes away at once.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from mlops_magics.errors import StoreError
from mlops_magics.look.progress import Progress
from mlops_magics.store.database import Busy, Database, LedgerRow
from mlops_magics.store.location import Layout
from mlops_magics.store.locks import holding
from mlops_magics.store.staging import Stage, Staged
from mlops_magics.store.tails import FoundJournal, Slice, found, is_alive, last_seen, runs_with_journals, slices

SHARE_BYTES = 16 << 20
"""What one journal may take of a batch while others wait."""

BATCH_BYTES = 64 << 20
BATCH_JOURNALS = 2000
ORPHAN_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class FoldReport:
    """What a fold did. ``reason`` says why it stopped early, when it did."""

    lines: int = 0
    corrupt: int = 0
    journals: int = 0
    reason: str | None = None


def fold(layout: Layout, stage: Stage, *, progress: Progress | None = None) -> FoldReport:
    """Move everything the journals hold into the database.

    Never raises because somebody else is busy with the store: it stops, says why, and loses nothing.
    """
    if not layout.journals.is_dir():
        return FoldReport()
    try:
        with holding(layout.fold_lock) as got:
            if not got:
                return FoldReport(reason="another process is folding")
            return _fold_all(layout, stage, progress)
    except OSError as error:
        return FoldReport(reason=f"the store cannot be written to: {error.strerror}")


def _fold_all(layout: Layout, stage: Stage, progress: Progress | None) -> FoldReport:
    done = FoldReport()
    try:
        _remove_orphans(layout)
        # The dead first: what they left is done with for good.
        waiting = sorted(found(layout), key=lambda journal: journal.alive)
        ledger = _ledger(stage.database)
        total = behind = sum(max(0, journal.size - ledger.get(journal.name, 0)) for journal in waiting)
        while batch := _batch(waiting, ledger):
            staged = stage.read(batch)
            rows = _commit(layout, stage, batch, staged, ledger)
            ledger |= {row.journal: row.folded_to for row in rows}
            finished = {row.journal for row in rows if row.done}
            waiting = [journal for journal in waiting if journal.name not in finished]
            behind -= sum(piece.size for piece in batch)
            done = FoldReport(
                lines=done.lines + staged.lines,
                corrupt=done.corrupt + sum(row.corrupt for row in rows),
                journals=done.journals + _remove_finished(batch, rows),
            )
            if progress and total:
                progress(1 - behind / total, f"folding journals: {done.lines:,} records")
    except Busy:
        return replace(done, reason="readers kept the database")
    except StoreError as error:
        return replace(done, reason=str(error))
    return done


def _ledger(database: Database) -> dict[str, int]:
    with database.reading():
        return database.ledger()


def _batch(journals: Sequence[FoundJournal], ledger: dict[str, int]) -> list[Slice]:
    """Slices with something to do: bytes to fold, or a dead journal to be done with."""
    waiting = [journal for journal in journals if not journal.alive or journal.size > ledger.get(journal.name, 0)]
    share = SHARE_BYTES if len(waiting) > 1 else BATCH_BYTES
    pieces = slices(waiting[:BATCH_JOURNALS], ledger, per_journal=share, total=BATCH_BYTES)
    return [piece for piece in pieces if piece.size or piece.is_whole]


def _commit(
    layout: Layout, stage: Stage, batch: Sequence[Slice], staged: Staged, ledger: dict[str, int]
) -> list[LedgerRow]:
    rows = []
    for piece in batch:
        strangers = [*staged.corrupt.get(piece.journal.name, ())]
        if piece.is_whole and piece.torn:
            strangers.append(piece.read_torn())
        if strangers:
            _quarantine(layout, piece.journal, strangers)
        end = piece.end + piece.torn if piece.is_whole else piece.end
        rows.append(LedgerRow(piece.journal.name, end, len(strangers), piece.is_whole))
    whole = [row.journal for row in rows if row.done]
    database = stage.database
    with database.committing():
        stored = database.ledger()
        if any(stored.get(piece.journal.name, 0) != ledger.get(piece.journal.name, 0) for piece in batch):
            raise Busy
        stage.create_views()
        # Somebody still writes the others, or their journals are not folded to the end.
        unfinished = runs_with_journals(layout, but=whole)
        stage.interrupt(unfinished, last_seen(piece.journal for piece in batch))
        stage.insert()
        database.write_ledger(rows)
    return rows


def _quarantine(layout: Layout, journal: FoundJournal, lines: Sequence[bytes]) -> None:
    """Keep what was no record, before its bytes are passed over for good."""
    layout.quarantine.mkdir(exist_ok=True)
    with (layout.quarantine / f"{journal.name}.txt").open("ab") as file:
        file.write(b"".join(line + b"\n" for line in lines))


def _remove_finished(batch: Sequence[Slice], rows: Sequence[LedgerRow]) -> int:
    removed = 0
    for piece, row in zip(batch, rows, strict=True):
        if row.done:
            path: Path = piece.journal.path
            # Windows keeps a file that is open; the ledger knows it is done, and the next fold removes it.
            with suppress(PermissionError):
                path.unlink(missing_ok=True)
                path.with_suffix(".alive").unlink(missing_ok=True)
                removed += 1
    return removed


def _remove_orphans(layout: Layout) -> None:
    """Remove the ``.alive`` of journals that are gone: a folder was killed between its two unlinks.

    Only old ones, since a newborn writer's ``.alive`` is there a moment before its journal.
    """
    for alive in layout.journals.glob("*.alive"):
        with suppress(OSError):
            old = time.time() - alive.stat().st_mtime > ORPHAN_SECONDS
            if old and not alive.with_suffix(".jsonl").exists() and not is_alive(alive):
                alive.unlink()
