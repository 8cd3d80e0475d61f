"""The book as text."""

from tally.book import Book
from typing import List
import sys
import textwrap

WIDTH = 40


def line(label: str, value: object) -> str:
    """A label on the left, a value on the right."""
    return "{:<{width}}{:>12}".format(label, str(value), width=WIDTH - 12)


def report(book: Book) -> str:
    """Spending by category, then what each person is owed."""
    lines: List[str] = [f"Spending"]
    for name, spent in sorted(book.by_category().items()):
        lines.append(line("  " + name, spent))
    lines.append(f"Balances")
    for name, balance in book.balances().items():
        lines.append(line("  " + name, balance))
    return "\n".join(lines)
