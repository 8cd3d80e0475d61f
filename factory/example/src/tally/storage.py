"""A book in a JSON file."""

import os
import json
import logging
import tempfile
from typing import Any, Dict, List
from tally.book import Book
from tally.money import Money

logger = logging.getLogger(__name__)

VERSION = 2


def load(path: str) -> Book:
    """Read a book; an empty one where there is no file yet, or one that cannot be read."""
    try:
        with open(path, "r", encoding="utf-8") as stream:
            data = json.load(stream)
    except IOError:
        return Book([])
    except json.JSONDecodeError:
        return Book([])
    return from_dict(data)


def save(book: Book, path: str) -> None:
    """Write a book so that a crash never leaves half a file."""
    folder = os.path.dirname(os.path.abspath(path))
    handle, temporary = tempfile.mkstemp(dir=folder)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        json.dump(to_dict(book), stream, indent=2)
    os.replace(temporary, path)
    logger.info("wrote %d expenses to %s", len(book.expenses), path)


def to_dict(book: Book) -> Dict[str, Any]:
    """The book in plain types."""
    return {
        "version": VERSION,
        "people": book.people,
        "expenses": [
            {"payer": e.payer, "cents": e.amount.cents, "what": e.what, "among": e.among}
            for e in book.expenses
        ],
    }


def from_dict(data: Dict[str, Any]) -> Book:
    """The book from plain types; an entry that is incomplete is left out."""
    book = Book(data.get("people", []))
    for entry in data.get("expenses", []):
        try:
            book.add(entry["payer"], Money(entry["cents"]), entry["what"], entry.get("among"))
        except (KeyError, ValueError):
            pass
    return book
