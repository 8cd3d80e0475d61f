import pytest

from tally import Book, Money
from tally.book import UnknownPerson


@pytest.fixture
def book() -> Book:
    book = Book(["cleo", "ada", "ben"])
    book.add("ada", Money(3000), "groceries")
    book.add("ben", Money(1200), "bus tickets", among=["ben", "cleo"])
    return book


def test_balances(book: Book) -> None:
    assert book.balances() == {"ada": Money(2000), "ben": Money(-400), "cleo": Money(-1600)}


def test_settling(book: Book) -> None:
    assert [str(p) for p in book.settle()] == ["cleo pays ada 16.00", "ben pays ada 4.00"]


def test_spending_by_category(book: Book) -> None:
    assert book.by_category() == {"food": Money(3000), "travel": Money(1200)}


def test_a_stranger_is_refused(book: Book) -> None:
    with pytest.raises(UnknownPerson, match="not in this book: dan"):
        book.add("ada", Money(1), "coffee", among=["dan"])
