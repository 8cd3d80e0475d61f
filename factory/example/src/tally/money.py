"""Amounts of money in whole cents."""

import re
from functools import total_ordering
from decimal import Decimal, InvalidOperation, ROUND_HALF_UP
from typing import List

_AMOUNT = re.compile(r"^-?\d+([.,]\d{1,2})?$")


@total_ordering
class Money(object):
    """An amount in cents; never a float."""

    def __init__(self, cents: int) -> None:
        self.cents = int(cents)

    @classmethod
    def parse(cls, text: str) -> "Money":
        """Read ``12``, ``12.5`` or ``12,50``; ValueError for anything else."""
        return cls(parse_amount(text))

    def times(self, factor: Decimal) -> "Money":
        """This amount multiplied, rounded half up to a cent."""
        exact = Decimal(self.cents) * factor
        return Money(int(exact.quantize(Decimal("1"), rounding=ROUND_HALF_UP)))

    def divide(self, parts: int) -> List["Money"]:
        """As many parts, as equal as cents allow; the first ones get the rest."""
        if parts < 1:
            raise ValueError("cannot divide into {} parts".format(parts))
        share, rest = divmod(self.cents, parts)
        return [Money(share + (1 if i < rest else 0)) for i in range(parts)]

    def __add__(self, other: "Money") -> "Money":
        return Money(self.cents + other.cents)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.cents - other.cents)

    def __neg__(self) -> "Money":
        return Money(-self.cents)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Money) and self.cents == other.cents

    def __lt__(self, other: "Money") -> bool:
        return self.cents < other.cents

    def __hash__(self) -> int:
        return hash(self.cents)

    def __repr__(self) -> str:
        return "Money({})".format(self.cents)

    def __str__(self) -> str:
        sign = "-" if self.cents < 0 else ""
        return "{}{}.{:02d}".format(sign, abs(self.cents) // 100, abs(self.cents) % 100)


def parse_amount(text: str) -> int:
    """The cents that a written amount stands for; ValueError for anything else."""
    cleaned = text.strip()
    if not _AMOUNT.match(cleaned):
        raise ValueError("not an amount: {!r}".format(text))
    try:
        return int(Decimal(cleaned.replace(",", ".")) * 100)
    except InvalidOperation:
        raise ValueError("not an amount: {!r}".format(text)) from None
