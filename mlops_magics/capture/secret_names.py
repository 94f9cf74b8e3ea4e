"""What a name says of its value, and a value of itself: is it a secret, or does it only stand for one?"""

from __future__ import annotations

import functools
import re
from typing import Literal

Strength = Literal["strong", "fair", "weak"]
"""A strong name gives any value away; a fair one, such as ``access_key``, any but plain words; a weak one, such as
``token``, only values that look drawn by lot.
"""

NAME_ANCHORS = ("pass", "pw", "secret", "token", "key", "credential", "authorization")
_STRONG = re.compile(
    r"""_(?:access_key_id|accesskeyid|\w*passw(?:or)?ds?|passphrases?|pwd|\w+_pass|secrets?|\w*secret|authorization
    |(?:api|secret|private|auth|account|client|encryption|encrypt|signing|master|service|subscription
      |storage|deploy|ssh|pgp|gpg|fernet|hmac|jwt|admin|kaggle|wandb|comet|openai|anthropic
      |cohere|mistral|gemini|google|azure|aws|gcp|stripe|sendgrid|twilio|datadog|pinecone)_?keys?
    |(?:access|auth|api|bearer|refresh|secret|session|id|github|gitlab|gh|hf|huggingface|hub|slack|bot
      |personal_access|deploy|user|private|security|sas|jwt|csrf|oauth|motherduck|vault)_?tokens?)_""",
    re.VERBOSE,
)
_FAIR = re.compile(r"_(?:access|license|shared|sign|write|ingest)_?keys?_|^_pass_$|_pw_$")
_WEAK = re.compile(r"_(?:token|credentials?|app_?key)_")
_HARMLESS = re.compile(
    r"_(?:pad|eos|bos|unk|sep|cls|mask|start|end|stop|begin|special|next|prev|previous|first|last|image|audio|video|sot"
    r"|eot|oov|prompt|max|min|num|n|new|per|by|fill|blank|target|source|src|tgt|decoder|text|word|lang|language)_tokens?_"
    r"|_(?:low|high|band|all|first|second|third|last|one|two|single|multi|forward|backward|by)_pass_"
)
_HARMLESS_END = re.compile(
    r"_(?:names?|file|files|filename|path|paths|dir|folder|urls?|uri|endpoint|arn|types?|kind|len|length|count|size|limit"
    r"|policy|fields?|columns?|cols?|labels?|hint|prompt|message|msg|error|errors|format|pattern|regex|store|manager|scope"
    r"|expiry|expires|ttl|env|var|variable|id|ids|index|idx|position|pos|strategy|level|placeholder|input|help|title"
    r"|description|status|required|enabled|version|reset|strength|rules?|validator|method|mode|dim|classification|embedding"
    r"|embeddings|vocab|ratio|rate|budget|order|func|function|fn|sizes|counts|lengths|provider|source|backend|words?|numbers?|santa)_$"
)
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

_PLACEHOLDER = re.compile(
    r"""(?:~|\.{1,2})?(?:/[\w.-]+){2,}/?|[*.x_\s•…\\+-]*|<.*>|\[[\w\s/-]*\]|\{.*\}|\$\{?[\w.:-]+\}?|\$\(.*\)|%\(?\w*\)?s|%\w+%
    |(?:your|insert|enter|replace|put|paste|placeholder|example|dummy|todo|redacted)[\s_-].*
    |none|null|nil|true|false|yes|no|str|string|text|object|category|bytes|varchar|hidden|required|optional|redacted|masked
    |u?int(?:8|16|32|64)?|float(?:16|32|64)?|double|bool(?:ean)?|integer|number|decimal|date|timestamp
    |(?:datetime|timedelta)(?:64)?(?:\[[\w, /-]*\])?|pass|passed|ok
    |passw(?:or)?d|passphrase|pwd|secret|token|api[\s_-]?key|key|placeholder|todo|tbd|dummy|example|basic|bearer""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_ENVIRONMENT_NAME = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_MIXED = re.compile(r"[a-z].*[A-Z]|[A-Za-z].*\d|\d.*[A-Za-z]")
_PLAIN_WORD = re.compile(r"(?:[a-z]+(?:[_ -][a-z]+)*|[A-Z]+(?:[_-][A-Z]+)*|[A-Z][a-z]+)(?<!.{20})", re.DOTALL)
_PATH = re.compile(r"[~.]{0,2}/[\w./ -]*")


@functools.lru_cache(maxsize=4096)
def strength(name: str) -> Strength | None:
    """How surely a name says that its value is a secret; None when it does not.

    >>> [strength(name) for name in ("db_password", "hfToken", "token", "pad_token", "password_file", "max_tokens")]
    ['strong', 'strong', 'weak', None, None, None]
    """
    words = "_" + "_".join(_WORDS.findall(name)).lower() + "_"
    found = _STRONG.search(words) or _FAIR.search(words) or _WEAK.search(words)
    if not found or _HARMLESS.search(words):
        return None
    if _HARMLESS_END.search(words) and found.end() < len(words):
        return None
    return "strong" if found.re is _STRONG else "fair" if found.re is _FAIR else "weak"


def is_placeholder(value: str) -> bool:
    """Whether a value stands for a secret without being one: empty, ``<your key>``, ``{password}``, ``HF_TOKEN``."""
    return bool(
        _PLACEHOLDER.fullmatch(value) or (_ENVIRONMENT_NAME.fullmatch(value) and strength(value) and len(value) < 40)
    )


def looks_random(value: str) -> bool:
    """Whether a value looks drawn by lot, as tokens are: at least eight characters of mixed kinds, or very long."""
    if len(value) < 8 or any(character.isspace() for character in value) or _PATH.fullmatch(value):
        return False
    return bool(_MIXED.search(value)) or len(value) >= 24


def is_secret(value: str, sure: Strength) -> bool:
    """Whether a literal under a name of this strength is taken for a secret."""
    if is_placeholder(value):
        return False
    if sure == "fair":
        return len(value) > 2 and not _PLAIN_WORD.fullmatch(value) and not _PATH.fullmatch(value)
    return sure == "strong" or looks_random(value)


def is_bare_secret(value: str, name: str, sure: Strength, *, is_tight: bool) -> bool:
    """Whether what follows a name without quotes is a value: not the word of a sentence, not another name."""
    value = value.rstrip(".")
    if is_placeholder(value) or value.lower() == name.lower() or _PATH.fullmatch(value):
        return False
    if sure == "weak":
        return looks_random(value)
    if sure == "fair" and not (is_tight and re.search("[A-Za-z]", value) and is_secret(value, sure)):
        return False
    is_word = value.replace("_", "").replace(".", "").isalpha()
    if is_word and ("." in value or "_" in value):
        return False
    return len(value) >= 3 and (is_tight or not is_word)
