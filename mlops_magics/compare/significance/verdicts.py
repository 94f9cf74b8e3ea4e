"""What a comparison may say of the right side, and the tone it is said in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from mlops_magics.look import Tone

Verdict = Literal["better", "worse", "not told apart"]
"""Of the right side, by one metric. A difference is told apart where its adjusted p-value is below 1 - level and its
interval excludes 0."""

Overall: TypeAlias = Verdict | Literal["mixed"]
"""Of the right side, by all metrics: ``mixed`` where another one tells the contrary of the first."""

TONES: Mapping[Overall, Tone] = {"better": "good", "worse": "bad", "not told apart": "unknown", "mixed": "unknown"}
