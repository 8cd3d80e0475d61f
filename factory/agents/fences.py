"""Fences: how text that others wrote goes into a prompt, so that it cannot pass for the prompt's own."""

from __future__ import annotations

import re

_BACKTICKS = re.compile(r"`{3,}")


def fenced(text: str) -> str:
    """``text`` in a fence longer than any run of backticks in it, so that nothing in it ends the fence."""
    longest = max((len(run) for run in _BACKTICKS.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def cut(text: str, limit: int) -> str:
    """The first ``limit`` bytes of ``text``, by whole lines; what is left out is counted at the end."""
    whole = text.encode()
    if len(whole) <= limit:
        return text
    kept = whole[:limit].decode(errors="ignore")
    kept = kept[: kept.rfind("\n")] if "\n" in kept else kept
    return f"{kept}\n[{len(whole) - len(kept.encode())} more bytes are left out here]"
