"""Who paid what in a shared household, and who owes whom."""

from tally.book import Book
from tally.expense import Expense
from tally.money import Money
from tally.settle import Payment

__version__ = "0.4.0"

__all__ = ["Book", "Expense", "Money", "Payment"]
