"""The fold: journals move into the database exactly once, whoever does it and whenever he is killed.

Rows and the offset they were read up to share one commit: killed before it, a fold leaves neither; after it, both.
Nobody who logs ever waits for a fold, and a second folder goes away at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mlops_magics.errors import StoreError
from mlops_magics.store.database import Busy, Database, LedgerRow, Staged
from mlops_magics.store.location import Layout
from mlops_magics.store.locks import holding
from mlops_magics.store.tails import OpenJournal, Slice, is_alive, last_seen, opened, runs_begun, slices

SHARE_BYTES = 16 << 20
"""What one journal may take of a batch while others wait."""

BATCH_BYTES = 64 << 20
ORPHAN_SECONDS = 3600.0

Progress = Callable[[float, str], None]
"""Told the share done, from 0 to 1, and what is being done."""


@dataclass(frozen=True, slots=True)
class FoldReport:
    """What a fold did. ``reason`` says why it stopped early, when it did."""

    lines: int = 0
    corrupt: int = 0
    journals: int = 0
    reason: str | None = None


def fold(layout: Layout, database: Database, *, progress: Progress | None = None) -> FoldReport:
    """Move everything the journals hold into the database.

    Never raises because somebody else is busy with the store: it stops, says why, and loses nothing.
    """
    if not layout.journals.is_dir():
        return FoldReport()
    try:
        with holding(layout.fold_lock) as got:
            if not got:
                return FoldReport(reason="another process is folding")
            return _fold_all(layout, database, progress)
    except OSError as error:
        return FoldReport(reason=f"the store cannot be written to: {error.strerror}")


def _fold_all(layout: Layout, database: Database, progress: Progress | None) -> FoldReport:
    lines = corrupt = done = 0
    try:
        with opened(layout) as found:
            journals = list(found)
            _remove_orphans(layout)
            readable = [journal for journal in journals if journal.is_readable()]
            ledger = _ledger(database)
            behind = sum(max(0, journal.size - ledger.get(journal.name, 0)) for journal in readable)
            total = behind
            while True:
                batch = _batch(readable, ledger)
                if not batch:
                    break
                staged = database.stage(batch)
                rows = _commit(layout, database, batch, staged, ledger, journals)
                ledger |= {row.journal: row.folded_to for row in rows}
                lines += staged.lines
                corrupt += sum(row.corrupt for row in rows)
                done += _remove_finished(batch, rows)
                finished = {row.journal for row in rows if row.done}
                readable = [journal for journal in readable if journal.name not in finished]
                journals = [journal for journal in journals if journal.name not in finished]
                behind -= sum(piece.size for piece in batch)
                if progress and total:
                    progress(1 - behind / total, f"folding journals: {lines:,} records")
    except Busy:
        return FoldReport(lines, corrupt, done, "readers kept the database")
    except StoreError as error:
        return FoldReport(lines, corrupt, done, str(error))
    return FoldReport(lines, corrupt, done)


def _ledger(database: Database) -> dict[str, int]:
    with database.reading():
        return database.ledger()


def _batch(journals: Sequence[OpenJournal], ledger: dict[str, int]) -> list[Slice]:
    """Slices with something to do: bytes to fold, or a dead journal to be done with."""
    waiting = [journal for journal in journals if not journal.alive or journal.size > ledger.get(journal.name, 0)]
    share = SHARE_BYTES if len(waiting) > 1 else BATCH_BYTES
    pieces = slices(waiting, ledger, per_journal=share, total=BATCH_BYTES)
    return [piece for piece in pieces if piece.size or piece.is_whole]


def _commit(
    layout: Layout,
    database: Database,
    batch: Sequence[Slice],
    staged: Staged,
    ledger: dict[str, int],
    journals: Sequence[OpenJournal],
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
    with database.committing():
        stored = database.ledger()
        if any(stored.get(piece.journal.name, 0) != ledger.get(piece.journal.name, 0) for piece in batch):
            raise Busy
        database.create_views()
        database.stage_interrupted(_unfinished(layout, journals, batch), last_seen(piece.journal for piece in batch))
        database.insert_staged()
        database.write_ledger(rows)
    return rows


def _unfinished(layout: Layout, journals: Sequence[OpenJournal], batch: Sequence[Slice]) -> set[str]:
    """Runs somebody still writes, or whose journals are not folded to their end by this batch."""
    whole = {piece.journal.name for piece in batch if piece.is_whole}
    unfinished = {journal.run for journal in journals if journal.run and journal.name not in whole}
    return unfinished | runs_begun(layout, journals)


def _quarantine(layout: Layout, journal: OpenJournal, lines: Sequence[bytes]) -> None:
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
