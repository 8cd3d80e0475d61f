"""The household's book: people, expenses, balances."""

import json
import logging
from typing import Dict, Iterable, List, Optional
from tally.expense import Expense
from tally.money import Money
from tally.settle import Payment, settle

logger = logging.getLogger(__name__)


class UnknownPerson(ValueError):
    """Somebody who is not in the book."""

    def __init__(self, name: str) -> None:
        super(UnknownPerson, self).__init__("not in this book: %s" % name)
        self.name = name


class Book(object):
    """People and what they paid for each other."""

    def __init__(self, people: Iterable[str]) -> None:
        self.people: List[str] = sorted(set(people))
        self.expenses: List[Expense] = []

    def add(
        self, payer: str, amount: Money, what: str, among: Optional[Iterable[str]] = None
    ) -> Expense:
        """Enter an expense; without ``among`` it is for everybody. UnknownPerson for a stranger."""
        sharers = sorted(set(among)) if among is not None else list(self.people)
        for name in [payer] + sharers:
            if name not in self.people:
                raise UnknownPerson(name)
        expense = Expense(payer, amount, what, sharers)
        self.expenses.append(expense)
        logger.debug("%s paid %s for %s", payer, amount, what)
        return expense

    def balances(self) -> Dict[str, Money]:
        """What each person is owed (positive) or owes (negative)."""
        totals = {name: Money(0) for name in self.people}
        for expense in self.expenses:
            totals[expense.payer] = totals[expense.payer] + expense.amount
            for name, share in expense.shares().items():
                totals[name] = totals[name] - share
        return totals

    def settle(self) -> List[Payment]:
        """The payments that bring everybody to zero."""
        return settle(self.balances())

    def by_category(self) -> Dict[str, Money]:
        """What was spent on each kind of thing."""
        spent: Dict[str, Money] = {}
        for expense in self.expenses:
            spent[expense.category] = spent.get(expense.category, Money(0)) + expense.amount
        return spent
