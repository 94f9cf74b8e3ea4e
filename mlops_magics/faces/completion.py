"""What Tab offers behind ``%mlops``: verbs, options, choices, runs, metrics, names of the notebook, files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher

from mlops_magics.errors import MlopsError
from mlops_magics.faces.commands import VERBS
from mlops_magics.faces.context import Context
from mlops_magics.faces.grammar import Argument, Completes, Verb
from mlops_magics.store.aliases import owners

if TYPE_CHECKING:
    from mlops_magics.store.conditions.words import Family

_LINE = re.compile(r"(?:^|=)\s*%%?mlops\s+(.*)$")
_NOTHING = SimpleMatcherResult(completions=[])
_GIVEN: Mapping[str | None, Family] = {"metrics=": "metrics", "params=": "params", "tags=": "tags"}
_OPTION_VALUE = re.compile(r"(--[\w-]+)=(.*)$")


class Completer:
    """Answers IPython's question for what could follow."""

    def __init__(self, shell: Any, context: Context) -> None:
        self._shell = shell
        self._context = context

        @context_matcher(identifier="mlops")  # type: ignore[untyped-decorator]  # IPython is untyped
        def match(asked: CompletionContext) -> SimpleMatcherResult:
            return self._match(asked)

        self.match = match

    def _match(self, asked: CompletionContext) -> SimpleMatcherResult:
        found = _LINE.search(asked.line_with_cursor.rsplit("\n", 1)[-1][: asked.cursor_position])
        if not found:
            return _NOTHING
        words = found[1].split(" ")
        before, fragment = [word for word in words[:-1] if word], words[-1].lstrip("'\"")
        if given := _OPTION_VALUE.match(fragment):
            before, fragment = [*before, given[1]], given[2]
        offered = [word for word in self._offer(before, fragment) if word.startswith(fragment)]
        return SimpleMatcherResult(
            completions=[SimpleCompletion(text=word, type="mlops") for word in dict.fromkeys(offered)],
            matched_fragment=fragment,
            suppress=bool(offered),
        )

    def _offer(self, before: list[str], fragment: str) -> Iterable[str]:
        if not before:
            return [verb.name for verb in VERBS]
        verb = next((verb for verb in VERBS if verb.name == before[0]), None)
        if verb is None:
            return []
        option = _open_option(verb, before)
        if option and not fragment.startswith("-"):
            return self._values(option, fragment)
        if fragment.startswith("-"):
            return [flag for item in verb.arguments if item.is_option for flag in item.flags]
        position = _positional(verb, before[1:])
        return self._values(position, fragment) if position else []

    def _values(self, item: Argument, fragment: str) -> Iterable[str]:
        if "choices" in item.options:
            return list(item.options["choices"])
        try:
            return list(self._known(item.completes, fragment))
        except MlopsError:
            return []  # Tab is no place to say that a store is damaged

    def _known(self, kind: Completes | None, fragment: str) -> Iterable[str]:
        store = self._context.store()
        runs = store.all_runs() if kind in {"run", "run name"} else []
        yield from (run.name for run in reversed(runs))
        if kind == "run":
            # Those of an experiment only where one is being named: else every run would be behind hundreds of them.
            experiments = dict.fromkeys(run.experiment for run in runs) if "@" in fragment.lstrip("@") else {}
            aliases = owners(store.aliases(runs))
            for experiment in ("", *experiments):
                yield f"{experiment}@last"
                yield from (f"{experiment}@{alias}" for of, alias in aliases if experiment in {"", of})
                yield from (f"{experiment}@best:{key}" for key in store.metric_names())
        elif kind == "experiment":
            yield from (run.experiment for run in store.all_runs())
        elif kind == "metric":
            yield from store.metric_names()
        elif kind == "column":
            yield from store.names().all()
        elif kind in _GIVEN:
            keys = store.names().of(_GIVEN[kind])
            yield from (f'"{key}"=' if " " in key else f"{key}=" for key in keys)
        if kind in {"name", "data"}:
            hidden = self._shell.user_ns_hidden
            yield from (name for name in self._shell.user_ns if not name.startswith("_") and name not in hidden)
        if kind in {"path", "data"}:
            yield from _files(fragment)


def _files(fragment: str) -> Iterable[str]:
    """Files and folders that begin so, as the person wrote their way there; hidden ones only where a dot asks."""
    start, _, beginning = fragment.rpartition("/")
    folder = Path(f"{start}/" if "/" in fragment else ".").expanduser()
    try:
        inside = sorted(folder.iterdir())
    except OSError:
        return
    prefix = f"{start}/" if "/" in fragment else ""
    for path in inside:
        if not path.name.startswith(".") or beginning.startswith("."):
            yield f"{prefix}{path.name}{'/' if path.is_dir() else ''}"


def _option(verb: Verb, word: str) -> Argument | None:
    return next((item for item in verb.arguments if item.is_option and word in item.flags), None)


def _open_option(verb: Verb, before: list[str]) -> Argument | None:
    """The option that the next word is a value of, or a word of a value in quotes."""
    at = next((at for at in range(len(before) - 1, 0, -1) if _option(verb, before[at])), 0)
    option = _option(verb, before[at])
    if option is None or "action" in option.options:
        return None
    taken = " ".join(before[at + 1 :])
    is_open = not taken or option.options.get("nargs") == "+" or (taken.count(taken[0]) % 2 and taken[0] in "'\"")
    return option if is_open else None


def _positional(verb: Verb, words: list[str]) -> Argument | None:
    """The positional argument that comes next; the last one, where it takes several words."""
    positions = [item for item in verb.arguments if not item.is_option]
    count, skip = 0, False
    for word in words:
        option = _option(verb, word)
        if skip or option:
            skip = bool(option and "action" not in option.options)
            continue
        count += 1
    if count < len(positions):
        return positions[count]
    return positions[-1] if positions and positions[-1].options.get("nargs") in {"+", "*"} else None
