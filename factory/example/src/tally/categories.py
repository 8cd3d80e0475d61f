"""Guesses what an expense was for."""

from typing import Dict, List, Tuple

KEYWORDS: Dict[str, List[str]] = {
    "food": ["groceries", "bakery", "market", "pizza", "coffee"],
    "travel": ["bus", "train", "taxi", "fuel", "ticket"],
    "home": ["rent", "power", "water", "internet", "repair"],
}

OTHER = "other"


def score(text: str, words: List[str]) -> int:
    """How many of the words occur in the text."""
    lowered = text.lower()
    return sum(1 for word in words if word in lowered)


def guess_category(text: str) -> str:
    """The category with the most matching words; the first one wins a draw."""
    ranked: List[Tuple[int, str]] = [(score(text, words), name) for name, words in KEYWORDS.items()]
    best = max(ranked, key=lambda pair: pair[0])
    return best[1] if best[0] > 0 else OTHER
