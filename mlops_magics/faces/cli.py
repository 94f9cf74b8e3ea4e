"""``mlops`` in a shell: the same verbs, by the same functions.

Exit codes: 0 done; 1 a verdict of ``fail`` or ``unknown``; 2 the words were not understood, or something is missing.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import mlops_magics
from mlops_magics.errors import MlopsError
from mlops_magics.faces.commands import VERBS
from mlops_magics.faces.context import ShellContext
from mlops_magics.faces.grammar import HelpAsked, find_verb, overview
from mlops_magics.faces.said import Answer
from mlops_magics.look.numbers import timestamp

PROGRAM = "mlops"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb, show its result, and return the exit code. ``--json`` shows it as JSON."""
    try:
        code = _answer(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader, such as head, has seen enough. What is left in the buffer must not complain when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _answer(arguments: Sequence[str] | None) -> int:
    words = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in words
    if as_json:
        words.remove("--json")
    if not words or words[0] in {"-h", "--help", "help"}:
        print(overview(VERBS, PROGRAM))
        return 0
    if words == ["--version"]:
        print(f"{PROGRAM} {mlops_magics.__version__}")
        return 0
    try:
        verb = find_verb(VERBS, words[0], PROGRAM)
        result = verb.act(ShellContext(), verb.parse(PROGRAM, words[1:]))
    except HelpAsked as asked:
        print(asked)
        return 0
    except MlopsError as error:
        # The next step is told as a notebook takes it; here it is the same words without the sign.
        print(f"{type(error).__name__}: {error}".replace("%mlops ", f"{PROGRAM} "), file=sys.stderr)
        return 2
    print(_json(result) if as_json else repr(result))
    if hasattr(result, "exit_code"):
        return int(result.exit_code)
    return 1 if getattr(result, "verdict", "pass") != "pass" else 0


def _json(result: Any) -> str:
    value = result.to_json() if isinstance(result, Answer) else result.to_dict()
    return json.dumps(_strict(value), indent=2, ensure_ascii=False, allow_nan=False, default=_text)


def _text(value: Any) -> str:
    return timestamp(value) if isinstance(value, datetime) else str(value)


def _strict(value: Any) -> Any:
    """JSON has no word for floats that are not finite: they are the text ``NaN``, ``Infinity`` or ``-Infinity``."""
    if isinstance(value, dict):
        return {key: _strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
