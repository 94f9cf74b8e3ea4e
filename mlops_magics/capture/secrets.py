"""What looks like a key, a token or a password in text that is about to be recorded.

A short list of forms that are told by their look; values that only their name gives away are in ``secret_names``.
"""

from __future__ import annotations

import re
from typing import NamedTuple

MASK = "***"
"""As in ``secret_values``, which is imported only when it is needed."""

ANCHORS = ("passw", "passphrase", "pwd", "secret", "token", "key", "_pass", "credential", "auth", ".login(")
"""Where none of them is, in small letters, no name gives a value away."""

_SHORT_NAME = re.compile(r"p(?:w|ass)(?<![a-z0-9]pw)(?<![a-z0-9]pass)(?=[\"'\\]{0,2}\]?[ \t]{0,4}[:=,)])")
"""Names that are too short to be looked for anywhere."""

MOST_ROUNDS = 4
"""Masking is repeated until it changes nothing: what a mask uncovers, as a name inside of a longer one, counts too."""


class _Shape(NamedTuple):
    """A form that tells itself, looked for in texts that hold its anchor, which is in small letters.

    Group ``keep`` of the pattern, where there is one, is what stays in front of the mask. Patterns are compiled when an
    anchor is found: all of them would hold up the first cell for 20 ms, and most are never needed.
    """

    anchor: str
    pattern: str
    flags: int = re.ASCII


def _token(prefix: str, rest: str) -> _Shape:
    """A token by its first letters, which are found many times faster when the pattern begins with them."""
    return _Shape(prefix.lower(), rf"{re.escape(prefix)}(?<=(?<!\w){re.escape(prefix)}){rest}")


def _phrase(anchor: str, pattern: str) -> _Shape:
    return _Shape(anchor, pattern, re.ASCII | re.IGNORECASE)


_SHAPES = (
    # Amazon, Google, Microsoft
    *(_token(prefix, r"[A-Z2-7]{16}\b") for prefix in ("AKIA", "ASIA", "ABIA", "ACCA")),
    _token("AIza", r"[\w-]{35}(?![\w-])"),
    _token("ya29.", r"[\w-]{20,}"),
    _token("GOCSPX-", r"[\w-]{20,}"),
    _phrase("8q~", r"(?<![\w~.-])[\w~.-]{3}8Q~[\w~.-]{31,34}(?![\w~.-])"),
    # places of code, and of packages
    *(_token(f"gh{kind}_", r"[A-Za-z0-9]{30,}") for kind in "pousr"),
    _token("github_pat_", r"\w{22,}"),
    *(_token(f"gl{kind}-", r"[\w-]{20,}") for kind in ("pat", "oas", "dt", "rt", "cbt", "ptt", "ft", "imt", "agent")),
    _token("npm_", r"[A-Za-z0-9]{36}\b"),
    _token("pypi-Ag", r"[\w-]{50,}"),
    # models and data
    _token("sk-", r"(?=[\w-]*[0-9A-Z])(?:[A-Za-z0-9]{20,}|(?:ant|proj|svcacct|admin|or|lf)-[\w-]{16,})"),
    _token("hf_", r"[A-Za-z0-9]{30,}\b"),
    _token("dapi", r"[a-f0-9]{32}(?:-\d)?\b"),
    _phrase(" login", r"(?P<keep>(?:wandb|comet|neptune)\s+login\s+(?:--relogin\s+)?)(?!-)\w{20,}\b"),
    # letters and payments
    *(_token(f"xox{kind}-", r"[\w-]{10,}") for kind in "abeoprs"),
    _token("xapp-", r"\d-[\w-]{10,}"),
    _phrase("hooks.slack.com", r"(?P<keep>hooks\.slack\.com/(?:services|workflows|triggers)/)[\w/+-]{20,}"),
    _phrase("/api/webhooks/", r"(?P<keep>/api/webhooks/\d+/)[\w-]{20,}"),
    *(_token(f"{kind}_live_", r"[A-Za-z0-9]{16,}") for kind in ("sk", "rk", "pk")),
    _token("SG.", r"[\w-]{16,}\.[\w-]{16,}"),
    # anybody's
    _token("eyJ", r"[\w-]{8,}(?:\.[\w-]+){2,4}"),
    _phrase("bearer ", r"(?P<keep>\bbearer[ ]+)(?:[\w.~+/-]{20,}|(?=[\w.~+/-]*\d)[\w.~+/-]{8,})=*"),
    _phrase(
        "authorization",
        r"(?P<keep>\bauthorization[\"']?\s*[:=]\s*[\"']?(?:basic|bearer|token|apikey|negotiate|digest)[ ]+)"
        r"[\w.~+/-]{4,}=*",
    ),
    _phrase("curl ", r"(?P<keep>\bcurl\b[^\n]*?\s(?:-u|--user)[ =]+[\"']?[^\s:\"'$]+:)[^\s\"'$]+"),
    _Shape(":aa", r"(?<!\d)\d{8,10}:AA[\w-]{33}(?![\w-])"),
    _phrase(
        "username",
        r"(?P<keep>[\"']username\\?[\"']\s*:\s*\\?[\"'][^\"'\n]{1,100}[\"']\s*,\s*\\?[\"']key\\?[\"']\s*:\s*\\?[\"'])"
        r"[0-9a-f]{32}(?=\\?[\"'])",
    ),
    # what programs of a shell take
    _Shape("sshpass", r"(?P<keep>\bsshpass\s+(?:-[vV]\s+)*-p\s*[\"']?)[^\s\"'$<{*][^\s\"']*"),
    _Shape("mysql", r"(?P<keep>\bmysql(?:dump|admin|import)?\b[^\n|;]{0,200}?\s-p[\"']?)[^\s\"'$<{*][^\s\"'|;,)]*"),
    _phrase("sig=", r"(?P<keep>[?&]sig=)[\w%+/=-]{16,}"),
    _phrase("signature=", r"(?P<keep>[?&](?:x-amz-|x-goog-)?signature=)[\w%+/=-]{16,}"),
)

_PASSWORD_IN_URL = re.compile(
    # A port is no password. One with slashes in it is cut at the first @, any other at the last before a slash.
    r"(?P<keep>://[^\s/:@\"'`<>]{0,200}:)(?!\d{1,5}(?:[/?#\"'`\s]|$))"
    r"(?P<secret>[^\s/\"'`\\]{1,500}|[^\s@\"'`\\]{1,500})(?=@[\w\[{$%*-])",
)
_TOKEN_IN_URL = re.compile(r"(?P<keep>://)(?=[\w-]*\d)[\w-]{20,}(?=(?::x-oauth-basic)?@)")

_KEY_BEGINS = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----")
_KEY_ENDS = re.compile(r"-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----")
_KEY_LONGEST = 20_000
_KEY_TEXT = re.compile(r"(?:[A-Za-z0-9+/=\\]|[\"'(\s]){0,20000}")
_KEY_PIECE = re.compile(
    r"(?P<keep>^[+ -]?|\\[nrt]|(?<![\w+/=\\]))(?P<rest>[A-Za-z0-9+/]{16,}={0,2})(?!\w)", re.MULTILINE
)
_KEY_LAST_PIECE = re.compile(
    r"(?P<keep>^[+ -]?\s*[\"']?|\\n)(?P<rest>[A-Za-z0-9+/]{2,}={0,2})(?=\s*(?:\\[nr]|[\"']|$))", re.MULTILINE
)


def mask(text: str) -> str:
    """Put ``***`` where ``text`` holds a key, a token or a password; everything else stays as it is.

    Works on cell sources, error messages, patches, queries and addresses. What was Python is Python afterwards, with as
    many lines; quotes stay. Masking twice is masking once. Found are the token forms of the usual services, private
    key blocks, passwords in URLs, authorization headers, and literals whose name says what they are
    (``password="…"``, ``{"api_key": "…"}``, ``os.environ["HF_TOKEN"] = "…"``). Not found is a secret that neither its
    look nor a name beside it gives away. A cell takes less than 1 ms, 100 kB less than 20 ms.

    Examples
    --------
    >>> mask('engine = create_engine("postgresql://me:hunter2@db/flights")')
    'engine = create_engine("postgresql://me:***@db/flights")'
    >>> mask('connect(user="me", password="hunter2", timeout=10)')
    'connect(user="me", password="***", timeout=10)'
    >>> mask('token = os.environ["HF_TOKEN"]; tokenizer = "bert"; max_tokens = 100')
    'token = os.environ["HF_TOKEN"]; tokenizer = "bert"; max_tokens = 100'
    """
    for _ in range(MOST_ROUNDS):
        masked = _mask_once(text)
        if masked == text:
            break
        text = masked
    return text


def _mask_once(text: str) -> str:
    text = _mask_key_blocks(text) if "-----BEGIN " in text else text
    small = _small(text)
    masked = text
    for shape in _SHAPES:
        if shape.anchor in small:
            masked = re.compile(shape.pattern, shape.flags).sub(_masked, masked)
    if "://" in small and "@" in small:
        masked = _TOKEN_IN_URL.sub(_masked, _PASSWORD_IN_URL.sub(_masked_password, masked))
    small = small if masked == text else _small(masked)
    if not any(anchor in small for anchor in ANCHORS) and not _SHORT_NAME.search(small):
        return masked
    # Its patterns take 10 ms to compile, and nothing needs them in a notebook without such names.
    from mlops_magics.capture.secret_values import mask_named

    return mask_named(masked, small)


def _small(text: str) -> str:
    """In small ASCII letters, and as long: what is at one place in it is at the same place of the text."""
    return text.encode("ascii", "replace").lower().decode("ascii")


def _masked(match: re.Match[str]) -> str:
    return (match.groupdict().get("keep") or "") + MASK


def _masked_password(match: re.Match[str]) -> str:
    from mlops_magics.capture.secret_names import is_placeholder

    return match[0] if is_placeholder(match["secret"]) else match["keep"] + MASK


def _mask_key_blocks(text: str) -> str:
    """The lines between BEGIN and END, in a file, in a literal or in a patch; the frame shows what it was."""
    pieces, position = [], 0
    for begin in _KEY_BEGINS.finditer(text):
        if begin.start() < position:
            continue
        end = _KEY_ENDS.search(text, begin.end(), begin.end() + _KEY_LONGEST)
        body = text[begin.end() : end.start() if end else begin.end() + _KEY_LONGEST]
        if not end:
            # Cut off: as far as it looks like one.
            body = _KEY_TEXT.match(body)[0]  # type: ignore[index]  # matches nothing, too
        pieces += [text[position : begin.end()], _KEY_LAST_PIECE.sub(_rest_masked, _KEY_PIECE.sub(_rest_masked, body))]
        position = begin.end() + len(body)
    return "".join([*pieces, text[position:]])


def _rest_masked(match: re.Match[str]) -> str:
    return str(match["keep"]) + MASK
