import pytest

from tally.money import Money
from tally.settle import settle


def test_nobody_owes_anything() -> None:
    assert settle({"ada": Money(0), "ben": Money(0)}) == []


def test_one_payment_fewer_than_people() -> None:
    payments = settle({"ada": Money(500), "ben": Money(300), "cleo": Money(-700), "dan": Money(-100)})
    assert [str(p) for p in payments] == [
        "cleo pays ada 5.00",
        "cleo pays ben 2.00",
        "dan pays ben 1.00",
    ]


def test_what_does_not_add_up_is_refused() -> None:
    with pytest.raises(ValueError, match="do not add up to zero"):
        settle({"ada": Money(1)})
