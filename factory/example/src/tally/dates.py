"""Dates as people and banks write them."""

import datetime
import re
import sys
from typing import Optional

FORMATS = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y")


def parse_date(text: str) -> Optional[datetime.date]:
    """The date in one of the known forms, or None."""
    for form in FORMATS:
        try:
            return datetime.datetime.strptime(text.strip(), form).date()
        except ValueError:
            continue
    return None


def month_of(day: datetime.date) -> str:
    """The month as ``2024-05``, which sorts."""
    return "%04d-%02d" % (day.year, day.month)
