"""Bank statements as CSV."""

import csv
import io
import logging
import os
from typing import Dict, Iterator, List, NamedTuple, Optional
from datetime import date
from tally.dates import parse_date
from tally.money import Money

logger = logging.getLogger(__name__)


class Booking(NamedTuple):
    """One line of a statement."""

    day: Optional[date]
    amount: Money
    text: str


def read_statement(text: str) -> List[Booking]:
    """The bookings of a statement with the columns ``date``, ``amount`` and ``text``."""
    reader = csv.DictReader(io.StringIO(text), delimiter=_delimiter(text))
    return list(_bookings(reader))


def _delimiter(text: str) -> str:
    try:
        return csv.Sniffer().sniff(text, delimiters=",;").delimiter
    except csv.Error:
        return ","


def _bookings(rows: Iterator[Dict[str, str]]) -> Iterator[Booking]:
    for row in rows:
        try:
            yield Booking(parse_date(row["date"]), Money.parse(row["amount"]), row["text"].strip())
        except Exception:
            continue
