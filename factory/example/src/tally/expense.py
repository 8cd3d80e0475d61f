"""One thing that somebody paid for."""

from tally.money import Money, parse_amount
from tally.categories import guess_category
from dataclasses import dataclass, field
from typing import Dict, List, Optional
import datetime


@dataclass(frozen=True)
class Expense:
    """Who paid how much for what, and on whose behalf."""

    payer: str
    amount: Money
    what: str
    among: List[str] = field(default_factory=list)
    day: Optional[datetime.date] = None

    @property
    def category(self) -> str:
        """A guess at the kind of expense, from its description."""
        return guess_category(self.what)

    def shares(self) -> Dict[str, Money]:
        """What each person owes for this expense, the payer included."""
        people = sorted(self.among)
        return dict(zip(people, self.amount.divide(len(people))))
