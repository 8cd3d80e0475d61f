"""The state of a project as one compact JSON object: what lite gives the Strategist in place of the files.

About 500 tokens, never above 800, whatever the inputs; a token is taken as four bytes of compact JSON.
Without pydantic: the measurement comes as the plain dict that ``last_eval.json`` holds, the history as rows.
"""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from factory.strategy import FEECCategory, Stuck, Tally, category_of, design_space, detect_stuck, underserved
from factory.strategy.antipatterns import not_to_repeat
from factory.strategy.designspace import WINDOW
from factory.strategy.experiment import Experiment, is_decided
from factory.strategy.similarity import jaccard, words_of
from factory.strategy.stuck import Plateau

BYTES_PER_TOKEN = 4
AIM_TOKENS = 500

_TEXT_BYTES = (160, 120, 90, 60, 40)
"""How long a text may be: the first with which the whole is within the aim, else the last."""

_NAME_BYTES = 40
_DIMENSIONS = 4
_LAST = 5
_BACKLOG = 5
_ANTI_PATTERNS = 5
_MESSAGES = 3
_DECIDED_LOOKED_AT = 10


def build_brief(
    history: Iterable[Experiment],
    *,
    evaluation: Mapping[str, Any] | None = None,
    threshold: float | None = None,
    backlog: Sequence[str] = (),
    messages: Sequence[str] = (),
    damaged_lines: int = 0,
    stuck_threshold: int = 5,
    plateau_threshold: int = 3,
    similarity: float = 0.6,
) -> dict[str, Any]:
    """The brief, with the same keys always; what is unknown is None or empty. Texts are cut to fit.

    ``history`` is gone through once, oldest first. ``evaluation`` is the newest measurement as stored, in any
    state of repair. ``threshold`` is the score that a change has to reach, ``similarity`` the one from which
    two reverted hypotheses are told as one. Counts by category are kept, reverted, errors, in this order.
    """
    digest = _Digest(history, stuck_threshold)
    stuck = detect_stuck(digest.decided, stuck_threshold)
    candidate: dict[str, Any] = {}
    for limit in _TEXT_BYTES:
        candidate = {
            "experiments": digest.count,
            "composite": _composite(evaluation),
            "threshold": _finite(threshold),
            "weakest": _weakest(evaluation),
            "last": [_told(experiment, limit) for experiment in reversed(list(digest.recent)[-_LAST:])],
            "stuck": _stuck(stuck),
            "plateau": digest.plateau.since_best >= plateau_threshold,
            "categories": {c.name: [t.kept, t.reverted, t.errors] for c, t in digest.tallies.items()},
            "underserved": underserved(design_space(digest.recent)),
            "backlog": [_cut(item, limit) for item in backlog[:_BACKLOG]],
            "backlog_total": len(backlog),
            "anti_patterns": list(_anti_patterns(digest.recent, similarity, limit)),
            "messages": [_cut(message, limit) for message in messages[-_MESSAGES:]],
            "damaged_lines": damaged_lines,
        }
        if size_in_bytes(candidate) <= AIM_TOKENS * BYTES_PER_TOKEN:
            break
    return candidate


def compact_json(value: Any) -> str:
    """``value`` as JSON without any space, in ASCII."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def size_in_bytes(value: Any) -> int:
    """The size of ``value`` as compact JSON in ASCII, which is never less than in UTF-8."""
    return len(compact_json(value))


class _Digest:
    """What the brief needs of a history, gathered in one pass and in little memory."""

    def __init__(self, history: Iterable[Experiment], stuck_threshold: int) -> None:
        self.count = 0
        self.recent: deque[Experiment] = deque(maxlen=WINDOW)
        self.decided: deque[Experiment] = deque(maxlen=max(stuck_threshold, _DECIDED_LOOKED_AT))
        self.plateau = Plateau()
        self.tallies = {category: Tally() for category in FEECCategory}
        for experiment in history:
            self._see(experiment)

    def _see(self, experiment: Experiment) -> None:
        self.count += 1
        self.recent.append(experiment)
        self.plateau.see(experiment)
        self.tallies[category_of(experiment)].add(experiment.verdict)
        if is_decided(experiment):
            self.decided.append(experiment)


def _composite(evaluation: Mapping[str, Any] | None) -> float | None:
    if not evaluation or evaluation.get("void"):
        return None
    return _finite(evaluation.get("composite"))


def _weakest(evaluation: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The dimensions with the lowest scores, the lowest first; full scores are not weak."""
    found = evaluation.get("dimensions") if evaluation else None
    scored = []
    for dimension in found if isinstance(found, list) else []:
        score = _finite(dimension.get("score")) if isinstance(dimension, Mapping) else None
        if score is not None and score < 1:
            scored.append({"name": _cut(str(dimension.get("name", "")), _NAME_BYTES), "score": score})
    return sorted(scored, key=lambda entry: float(str(entry["score"])))[:_DIMENSIONS]


def _told(experiment: Experiment, limit: int) -> dict[str, Any]:
    return {
        "id": experiment.id,
        "verdict": str(experiment.verdict),
        "reason": _cut(experiment.reason, _NAME_BYTES),
        "hypothesis": _cut(experiment.hypothesis, limit),
    }


def _stuck(stuck: Stuck) -> dict[str, Any] | None:
    if not stuck:
        return None
    return {"why": stuck.why, "avoid": [category.name for category in stuck.categories_to_avoid]}


def _anti_patterns(recent: Iterable[Experiment], similarity: float, limit: int) -> Iterator[str]:
    """What the plan gate holds against a plan, of the last experiments: newest first, each kind once."""
    told: list[frozenset[str]] = []
    for experiment in reversed(not_to_repeat(recent)):
        words = words_of(experiment.hypothesis)
        if not words or any(jaccard(words, other) >= similarity for other in told):
            continue
        told.append(words)
        yield _cut(experiment.hypothesis, limit)
        if len(told) == _ANTI_PATTERNS:
            return


def _finite(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return round(number, 4) if math.isfinite(number) else None


def _cut(text: str, limit: int) -> str:
    """``text`` on one line, cut so that it takes at most ``limit`` bytes of JSON."""
    flat = " ".join(text[: 4 * limit].split())
    if flat == text and _size(flat) <= limit:
        return flat
    whole = len(text) <= 4 * limit and _size(flat) <= limit
    while not whole and _size(flat) > limit - 3:
        flat = flat[: min(len(flat) - 1, limit)].rstrip()
    return flat if whole else flat + "..."


def _size(text: str) -> int:
    return len(json.dumps(text)) - 2
