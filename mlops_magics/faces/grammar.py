"""The words of ``%mlops``: verbs and their arguments, parsed by argparse; the nearest right word for a wrong one."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from mlops_magics.errors import CommandError

if TYPE_CHECKING:
    from mlops_magics.faces.context import Context

Completes = Literal[
    "run", "run name", "metric", "metrics=", "params=", "tags=", "column", "experiment", "name", "data", "path"
]
"""What Tab offers for an argument: something of the store (with ``=``, what a value is given to), a name of the
notebook, a file, or as ``data`` either.
"""


class HelpAsked(Exception):
    """``--help`` was among the words. Carries the text to show."""


@dataclass(frozen=True, slots=True)
class Argument:
    """A positional argument or an option of a verb, as argparse takes it."""

    flags: tuple[str, ...]
    options: Mapping[str, Any]
    completes: Completes | None

    @property
    def is_option(self) -> bool:
        return self.flags[0].startswith("-")


def argument(*flags: str, completes: Completes | None = None, **options: Any) -> Argument:
    """Describe an argument; ``options`` are those of :meth:`argparse.ArgumentParser.add_argument`."""
    return Argument(flags, options, completes)


@dataclass(frozen=True, slots=True)
class Verb:
    """One thing a person can ask for. ``act`` takes where it was asked and the parsed words.

    ``takes_sentence``: in a cell, what stands behind the verb is one word, as it was typed. ``needs_notebook``: there
    is nothing it could mean in a shell.
    """

    name: str
    summary: str
    act: Callable[[Context, argparse.Namespace], Any]
    arguments: tuple[Argument, ...] = field(default=())
    example: str = ""
    takes_sentence: bool = False
    needs_notebook: bool = False

    def parser(self, program: str) -> argparse.ArgumentParser:
        """The argparse parser of this verb."""
        parser = _Parser(
            prog=f"{program} {self.name}",
            description=self.summary,
            epilog=f"example: {program} {self.example}" if self.example else None,
            allow_abbrev=False,
            add_help=False,
        )
        parser.add_argument("-h", "--help", action=_AskHelp, help="show this and do nothing")
        for item in self.arguments:
            parser.add_argument(*item.flags, **item.options)
        # Parsing words in any order fills this in itself, and then takes the % of %mlops for a format.
        parser.usage = parser.format_usage().removeprefix("usage: ").rstrip().replace("%", "%%")
        return parser

    def parse(self, program: str, words: Sequence[str]) -> argparse.Namespace:
        """Understand the words after the verb.

        Raises
        ------
        CommandError
            A word is missing, unknown or of the wrong kind.
        HelpAsked
            ``--help`` was among them.
        """
        parser = self.parser(program)
        parsed, strange = parser.parse_known_intermixed_args(list(words))
        if strange:
            options = [flag for item in self.arguments for flag in item.flags if item.is_option]
            raise CommandError(
                f"{self.name} does not understand {strange[0]!r}", seen=strange[0], exists=options, hint=_usage(parser)
            )
        return parsed


def overview(verbs: Sequence[Verb], program: str) -> str:
    """The page ``%mlops?`` and ``mlops --help`` show: every verb with its question."""
    width = max(len(verb.name) for verb in verbs)
    lines = [f"usage: {program} VERB …", "", "Track, compare, watch and ship models.", ""]
    here = [verb for verb in verbs if program.startswith("%") or not verb.needs_notebook]
    lines += [f"  {verb.name:<{width}}  {verb.summary}" for verb in here]
    if len(here) < len(verbs):
        others = ", ".join(verb.name for verb in verbs if verb.needs_notebook)
        lines += ["", f"In a notebook also: {others}. log, params, tag, note and artifact need --run here."]
    lines += ["", f"{program} VERB --help tells more about one."]
    lines += ["RUN is a name, experiment/name, a piece of an id, @last, @best:METRIC, @ALIAS, or experiment@ALIAS."]
    return "\n".join(lines)


def find_verb(verbs: Sequence[Verb], word: str, program: str) -> Verb:
    """The verb called ``word``.

    Raises
    ------
    CommandError
        There is none; the closest is suggested.
    """
    for verb in verbs:
        if verb.name == word:
            return verb
    raise CommandError(
        f"there is no verb {word!r}",
        seen=word,
        exists=[verb.name for verb in verbs],
        hint=f"{program} --help explains them",
    )


def _usage(parser: argparse.ArgumentParser) -> str:
    return "Usage: " + " ".join(parser.format_usage().removeprefix("usage: ").split())


class _AskHelp(argparse.Action):
    def __init__(self, option_strings: Sequence[str], dest: str, **options: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, **options)

    def __call__(self, parser: argparse.ArgumentParser, *_: object, **__: object) -> NoReturn:
        raise HelpAsked(parser.format_help())


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        verb = self.prog.rpartition(" ")[2]
        raise CommandError(f"{verb}: {message}", hint=_usage(self))
