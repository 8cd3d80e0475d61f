import datetime
from pathlib import Path

from tally import Book, Money
from tally.bank import read_statement
from tally.dates import month_of, parse_date
from tally.rates import Rates
from tally.storage import from_dict, load, save


def test_a_book_survives_a_round_trip(tmp_path: Path) -> None:
    book = Book(["ada", "ben"])
    book.add("ada", Money(900), "coffee")
    save(book, str(tmp_path / "book.json"))
    again = load(str(tmp_path / "book.json"))
    assert again.people == ["ada", "ben"]
    assert again.expenses == book.expenses


def test_a_missing_or_damaged_book_is_an_empty_one(tmp_path: Path) -> None:
    assert load(str(tmp_path / "none.json")).people == []
    (tmp_path / "bad.json").write_text("{", encoding="utf-8")
    assert load(str(tmp_path / "bad.json")).people == []


def test_an_incomplete_entry_is_left_out() -> None:
    book = from_dict({"people": ["ada"], "expenses": [{"payer": "ada"}, {"payer": "eve", "cents": 1, "what": "x"}]})
    assert book.expenses == []


def test_a_statement_is_read_line_by_line() -> None:
    bookings = read_statement("date;amount;text\n2024-05-01;-12,50;market\nrubbish;;\n02.05.2024;3;refund\n")
    assert [(b.day, b.amount, b.text) for b in bookings] == [
        (datetime.date(2024, 5, 1), Money(-1250), "market"),
        (datetime.date(2024, 5, 2), Money(300), "refund"),
    ]


def test_an_empty_statement_has_no_bookings() -> None:
    assert read_statement("") == []


def test_dates() -> None:
    assert parse_date("31/12/2023") == datetime.date(2023, 12, 31)
    assert parse_date("yesterday") is None
    assert month_of(datetime.date(987, 4, 2)) == "0987-04"


def test_rates(tmp_path: Path) -> None:
    (tmp_path / "rates.json").write_text('{"chf": 1.04, "xxx": "none"}', encoding="utf-8")
    rates = Rates.from_file(str(tmp_path / "rates.json"))
    assert rates.convert(Money(1000), "CHF") == Money(1040)
    assert Rates.from_file(str(tmp_path / "missing.json")).convert(Money(5), "eur") == Money(5)
