"""Frozen values that journals carry and results are made of, and the one encoding they share.

Nothing here reads a file, a clock, the network or a global: a record is what somebody else observed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from enum import Enum
from hashlib import sha256
from pathlib import PurePath
from typing import Any, ClassVar, Literal

VerdictValue = Literal["pass", "fail", "unknown"]
"""The three values of every verdict. Too little data is ``"unknown"``, never ``"pass"``."""

RunStatus = Literal["running", "finished", "failed", "interrupted"]
"""``interrupted`` is given by the store to a run whose writer died without ending it."""

DEEPEST = 100
"""Structures nested deeper, as one that holds itself is, are recorded by their ``repr`` from there on."""

LARGEST_BITS = 10_000
"""Greater integers are recorded as hexadecimal text: Python refuses to write thousands of digits."""

ENCODED_LIST_LIMIT = 10_000
"""Longer arrays are recorded as their type and shape: a record is a fact, not a data set."""


def plain(value: Any, *, depth: int = 0) -> Any:  # noqa: PLR0911 - one return per kind of value
    """Reduce ``value`` to None, bool, int, float, str, list and dict with text keys.

    Tuples become lists, sets sorted lists, dates ISO text, enums their names, NumPy scalars and arrays the Python
    values they hold. Anything else becomes its ``repr``, cut at 1,000 characters. Never fails: what holds itself is cut
    off where it has become too deep.

    >>> plain({"depth": (1, 2), 3: float("inf")})
    {'depth': [1, 2], '3': inf}
    """
    if value is None or isinstance(value, bool | int | float | str | Enum):
        return _exact(value)
    if depth >= DEEPEST:
        return _short_repr(value)
    if isinstance(value, Mapping):
        return {key if type(key) is str else _key(key): plain(item, depth=depth + 1) for key, item in value.items()}
    if isinstance(value, Set):
        return sorted((plain(item, depth=depth + 1) for item in value), key=repr)
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        if len(value) > ENCODED_LIST_LIMIT:
            return _outline(value)
        return [plain(item, depth=depth + 1) for item in value]
    return _foreign(value, depth)


def _key(value: Any) -> str:
    return str(_exact(value)) if isinstance(value, int) and not isinstance(value, Enum) else str(value)


def _exact(value: Any) -> Any:
    """What JSON knows, without what a subclass adds to it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, int):
        return hex(value) if value.bit_length() > LARGEST_BITS else int(value)
    return float(value) if isinstance(value, float) else str(value)


def _foreign(value: Any, depth: int) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, PurePath):
        return value.as_posix()
    if isinstance(value, bytes | bytearray | memoryview):
        return repr(bytes(value[:200]))
    if hasattr(value, "dtype") and hasattr(value, "tolist") and getattr(value, "ndim", 0) <= 2:
        is_small = getattr(value, "size", 1) <= ENCODED_LIST_LIMIT
        return plain(value.tolist(), depth=depth + 1) if is_small else _outline(value)
    return _short_repr(value)


def _short_repr(value: Any) -> str:
    try:
        text = repr(value)
    except Exception as error:  # noqa: BLE001 - the person's own class, or one that is nested too deep to be written
        text = f"<{type(value).__name__}, whose repr raises {type(error).__name__}>"
    return text if len(text) <= 1000 else text[:999] + "…"


def _outline(value: Any) -> str:
    shape = getattr(value, "shape", None) or (len(value),)
    return f"<{type(value).__name__} of shape {'x'.join(str(size) for size in shape)}>"


def encode(value: Any) -> str:
    """Write ``value`` as canonical JSON text: sorted keys, no spaces, any size of integer, non-finite floats as
    ``NaN``, ``Infinity`` and ``-Infinity`` (which SQL's ``CAST(… AS DOUBLE)`` and Python read back).

    Equal values have equal text. Law: ``decode(encode(value)) == plain(value)``.

    >>> encode({"b": float("nan"), "a": 10**30})
    '{"a":1000000000000000000000000000000,"b":NaN}'
    """
    text = json.dumps(plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    if text.isprintable() or _is_utf8(text):
        return text
    return json.dumps(plain(value), ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def decode(text: str) -> Any:
    """Read what :func:`encode` wrote.

    >>> decode('[1,"é",-Infinity]')
    [1, 'é', -inf]
    """
    return json.loads(text)


def _is_utf8(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A fact a journal line carries: its kind, and its fields as the columns of one table of the store.

    A field annotated ``Any``, a mapping or a tuple is stored as the text of :func:`encode`; the others as they are.
    """

    kind: ClassVar[str]
    encoded: ClassVar[frozenset[str]] = frozenset()

    def body(self) -> dict[str, Any]:
        """The fields as a journal carries them: None left out, structured ones encoded."""
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {
            name: encode(value) if name in self.encoded else value for name, value in values if value is not None
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRevision(Record):
    """What changed about a run; a field left None keeps its former value. The newest revision is what a run is."""

    kind: ClassVar[str] = "run"
    experiment: str | None = None
    name: str | None = None
    status: RunStatus | None = None
    parent: str | None = None
    source: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Param(Record):
    """A parameter; logged again, it is a new version of it. ``is_default`` of one that an estimator has anyway."""

    kind: ClassVar[str] = "param"
    encoded: ClassVar[frozenset[str]] = frozenset({"value"})
    key: str
    value: Any
    is_default: bool | None = None

    def body(self) -> dict[str, Any]:
        default = {} if self.is_default is None else {"is_default": self.is_default}
        return {"key": self.key, "value": encode(self.value), **default}


@dataclass(frozen=True, slots=True, kw_only=True)
class ParamWithdrawn(Record):
    """A parameter is no longer the run's: another model is, which does not have it. Its versions are kept.

    A :class:`Param` of no value, not even None. Versions of this package that do not know it show the former value.
    """

    kind: ClassVar[str] = "param"
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag(Record):
    """A label for people: team, ticket, purpose."""

    kind: ClassVar[str] = "tag"
    key: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Note(Record):
    """A sentence somebody wrote down while the run was going on, or later."""

    kind: ClassVar[str] = "note"
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Record):
    """Content that records refer to by its SHA-256; the store keeps equal texts once."""

    kind: ClassVar[str] = "text"
    sha256: str
    text: str

    @classmethod
    def of(cls, content: str) -> Text:
        """The record of a text, with its digest.

        >>> Text.of("a = 1").sha256[:8]
        'b5bc1ffd'
        """
        return cls(sha256=sha256(content.encode("utf-8", "backslashreplace")).hexdigest(), text=content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell(Record):
    """One execution of a notebook cell.

    ``source`` is the SHA-256 of a :class:`Text`; ``position`` counts the executions a run stands on from 1, in the
    order they began; ``started`` is UTC without zone, ``seconds`` wall time; ``error`` is ``Type: message``.
    ``is_before`` says that it ran in this kernel before the run began; ``facts`` is how many facts of the run were
    recorded while it ran, its own not counted.
    """

    kind: ClassVar[str] = "cell"
    cell: str | None = None
    position: int
    execution_count: int | None = None
    source: str
    started: datetime | None = None
    seconds: float | None = None
    status: Literal["ok", "error"]
    error: str | None = None
    is_async: bool | None = None
    is_before: bool | None = None
    facts: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit(Record):
    """One ``fit`` of an estimator: what it is, on what it was fitted, and how that went.

    ``fit`` is what a :class:`Model` that came out of it refers to it by; ``name`` is what the notebook calls the
    estimator; ``params`` are all its parameters, nested ones by path, and ``defaults`` the names of those that were
    left as they are; ``rows`` and ``columns`` the shape of X, ``features`` its names in order; ``fingerprint`` that
    of the :class:`Dataset` it was fitted on; ``warnings`` are ``Type: message``, and how often each was given.
    """

    kind: ClassVar[str] = "fit"
    encoded: ClassVar[frozenset[str]] = frozenset({"params", "defaults", "features", "warnings"})
    fit: str | None = None
    name: str | None = None
    class_name: str
    params: Mapping[str, Any]
    defaults: tuple[str, ...] = ()
    rows: int | None = None
    columns: int | None = None
    features: tuple[str, ...] | None = None
    fingerprint: str | None = None
    seconds: float
    warnings: Mapping[str, int] = field(default_factory=dict)
    status: Literal["ok", "error"]
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed(Record):
    """A random generator that a cell seeds, as the cell says it: ``numpy.random.seed(7)``, ``random_state=7``."""

    kind: ClassVar[str] = "seed"
    call: str
    position: int
    """Of the :class:`Cell` that says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact(Record):
    """A file of the run, kept in the store by its content."""

    kind: ClassVar[str] = "artifact"
    encoded: ClassVar[frozenset[str]] = frozenset({"detail"})
    name: str
    type: str
    """``file``, ``model``, ``predictions``, ``example``, ``figure`` or ``preview``."""
    sha256: str
    size_bytes: int
    detail: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Model(Record):
    """What the run's model is from here on: the newest one is the run's.

    ``model`` is what a :class:`Evaluated` refers to it by: the SHA-256 of its :class:`Artifact`, which is equal for
    equal models, or an id where no file of it is kept; ``reason`` says why, as a clause. ``task`` is what it is for,
    empty where nobody said. ``fit`` is the :class:`Fit` it came out of, where this run saw that, and ``features`` are
    the names it was fitted on. ``example`` is the SHA-256 of a blob with a few of the rows it was evaluated on.
    """

    kind: ClassVar[str] = "model"
    encoded: ClassVar[frozenset[str]] = frozenset({"features"})
    model: str
    class_name: str
    task: str = ""
    fit: str | None = None
    features: tuple[str, ...] | None = None
    reason: str | None = None
    example: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset(Record):
    """A table the run stood on. ``columns`` maps names to logical types; ``profile`` is the SHA-256 of a
    :class:`Text` holding the column summaries. ``fingerprint`` hangs on the order of the rows, ``content`` does not;
    ``origins`` are the files and queries it came from, as far as the cells tell.
    """

    kind: ClassVar[str] = "dataset"
    encoded: ClassVar[frozenset[str]] = frozenset({"columns", "origins"})
    name: str
    role: str
    """``fit``, or the split it was evaluated as, such as ``test``."""
    fingerprint: str
    content: str | None = None
    rows: int
    columns: Mapping[str, str]
    profile: str | None = None
    origins: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment(Record):
    """Where the run happened.

    ``packages`` is the SHA-256 of a :class:`Text`: name to version, encoded; ``sources`` names those that came from
    elsewhere than a package index, and where from; ``git_patch`` is the SHA-256 of the patch of what was not committed,
    also when the patch was too large to be kept; ``variables`` are environment variables of a fixed list; ``folder`` is
    the working folder, relative to the one the store is in.
    """

    kind: ClassVar[str] = "environment"
    encoded: ClassVar[frozenset[str]] = frozenset({"gpus", "sources", "variables"})
    python: str
    platform: str
    packages: str
    git_commit: str | None = None
    git_branch: str | None = None
    git_dirty: bool | None = None
    git_patch: str | None = None
    git_remote: str | None = None
    folder: str | None = None
    cpu: str | None = None
    cpus: int | None = None
    memory_bytes: int | None = None
    gpus: tuple[str, ...] | None = None
    sources: Mapping[str, str] | None = None
    variables: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated(Record):
    """How a model did on one split. ``model`` is that of its :class:`Model`; ``curves`` is the SHA-256 of a
    :class:`Text`, ``predictions`` that of a Parquet blob with a row per row evaluated, in order.
    """

    kind: ClassVar[str] = "evaluation"
    encoded: ClassVar[frozenset[str]] = frozenset({"metrics"})
    split: str
    task: str
    rows: int
    fingerprint: str
    metrics: Mapping[str, float]
    curves: str | None = None
    predictions: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossValidated(Record):
    """How an estimator did in a cross-validation. ``scores`` are a number per fold, by metric, such as
    ``cv/test_score``.

    ``splits`` is a digest of the rows that each fold was tested on, ``train_rows`` and ``test_rows`` are summed over
    the folds: None where that could not be seen. ``fingerprint`` and ``target_fingerprint`` are those of the
    :class:`Dataset` and of its answers.
    """

    kind: ClassVar[str] = "cross_validation"
    encoded: ClassVar[frozenset[str]] = frozenset({"scores"})
    name: str | None = None
    class_name: str
    folds: int
    train_rows: int | None = None
    test_rows: int | None = None
    splits: str | None = None
    fingerprint: str | None = None
    target_fingerprint: str | None = None
    scores: Mapping[str, Sequence[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged(Record):
    """A verdict with the numbers and thresholds that made it, so that it can be derived again."""

    kind: ClassVar[str] = "verdict"
    encoded: ClassVar[frozenset[str]] = frozenset({"detail"})
    question: str
    """``drift``, ``notebook``, ``replay``, ``significance``, ``check`` or ``gate``."""
    subject: str
    verdict: VerdictValue
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run as the store knows it now. Times are UTC without zone; ``seconds`` is None while it runs."""

    id: str
    experiment: str
    name: str
    status: RunStatus
    started: datetime
    ended: datetime | None = None
    parent: str | None = None
    source: str | None = None
    message: str | None = None

    @property
    def seconds(self) -> float | None:
        """Wall time from start to end, or None while the run is going on."""
        return (self.ended - self.started).total_seconds() if self.ended else None

    @property
    def short_id(self) -> str:
        """The last eight characters of the id: the part that differs between runs of the same day."""
        return self.id[-8:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing a check saw, in numbers and in one sentence. ``floor`` is what of the effect chance alone would give,
    ``detectable`` the smallest effect that the test would have shown with a chance of 80 %.
    """

    column: str
    kind: str
    verdict: VerdictValue
    reason: str
    method: str | None = None
    effect: float | None = None
    floor: float | None = None
    p_value: float | None = None
    detectable: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, ready for :func:`encode`."""
        return {field.name: getattr(self, field.name) for field in fields(self)}
