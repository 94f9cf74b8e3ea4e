"""The page in the bundle: what it is, and the three lines that load it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mlops_magics.compare.telling import in_order
from mlops_magics.release.bundle.manifest import Manifest

_HOSTILE = re.compile(r"[\x00-\x1f\x7f`<>\[\]|]")


def readme_text(manifest: Manifest, *, has_example: bool) -> str:
    """Markdown whose Python block runs when the folder of the bundle is the current one."""
    metrics = _listed(manifest.metrics)
    logged = ["Logged in the run, not measured of this model:", "", *_listed(manifest.logged), ""]
    logged = logged if manifest.logged else []
    return "\n".join([
        f"# {_quiet(manifest.name)}",
        "",
        f"{_quiet(manifest.model_class)} ({_quiet(manifest.task)}), exported {manifest.created}",
        f"from run {_quiet(manifest.run['id'])} of {_quiet(manifest.run['experiment'])}.",
        "",
        *metrics,
        "",
        *logged,
        "```python",
        "from mlops_magics.release.bundle import load_bundle",
        f"bundle = load_bundle({_arguments(manifest)})",
        "bundle.predict(bundle.example)" if has_example else "bundle.signature",
        "```",
        "",
        "`pip install -r requirements.txt` gives the versions it was made with. `manifest.json` names every file with",
        "its SHA-256; loading checks them all before anything is constructed.",
        *_warnings(manifest),
        "",
    ])


def _listed(metrics: Mapping[str, float]) -> list[str]:
    return [f"- {_quiet(name)}: {value:.6g}" for name, value in in_order(metrics).items()]


def _arguments(manifest: Manifest) -> str:
    given = ['"."']
    if manifest.trusted_by_user:
        given.append(f"trust={list(manifest.trusted_by_user)!r}")
    if manifest.pickle:
        given.append("allow_pickle=True")
    return ", ".join(given)


def _warnings(manifest: Manifest) -> list[str]:
    lines = []
    if manifest.trusted_by_user:
        lines += ["", "Its author trusted the types named above. Look at what they do before you trust them too."]
    if manifest.pickle:
        lines += ["", "The model is a pickle: loading it runs whatever it says. Load it only if you know its author."]
    return lines


def _quiet(text: str) -> str:
    """Text for a line of Markdown, without what would end the line, a code span or a link."""
    return _HOSTILE.sub(" ", text)[:200]
