from decimal import Decimal

import pytest

from tally.money import Money, parse_amount


@pytest.mark.parametrize(
    ("text", "cents"), [("12", 1200), ("12.5", 1250), ("12,50", 1250), ("-3.07", -307), (" 1 ", 100)]
)
def test_amounts_are_read_as_written(text: str, cents: int) -> None:
    assert parse_amount(text) == cents


@pytest.mark.parametrize("text", ["", "1.234", "a lot", "1e3"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        Money.parse(text)


def test_nothing_is_lost_in_division() -> None:
    assert Money(1000).divide(3) == [Money(334), Money(333), Money(333)]


def test_division_into_no_parts_is_refused() -> None:
    with pytest.raises(ValueError, match="into 0 parts"):
        Money(1).divide(0)


def test_amounts_are_shown_with_two_decimals() -> None:
    assert [str(Money(c)) for c in (5, -250, 123456)] == ["0.05", "-2.50", "1234.56"]


def test_half_a_cent_is_rounded_up() -> None:
    assert Money(101).times(Decimal("0.5")) == Money(51)


def test_amounts_compare() -> None:
    assert Money(1) < Money(2) <= Money(2)
    assert -Money(1) == Money(-1)
    assert len({Money(1), Money(1)}) == 1
    assert repr(Money(7)) == "Money(7)"
