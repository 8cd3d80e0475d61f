from tally import expense
from tally.expense import Expense
from tally.money import Money


def test_shares_add_up() -> None:
    shares = Expense("ada", Money(1000), "pizza", ["cleo", "ada", "ben"]).shares()
    assert shares == {"ada": Money(334), "ben": Money(333), "cleo": Money(333)}


def test_category_is_guessed_from_the_words() -> None:
    assert Expense("ada", Money(1), "Train ticket to the sea").category == "travel"
    assert Expense("ada", Money(1), "a present").category == "other"


def test_amounts_can_still_be_read_where_they_were_before_0_3() -> None:
    """parse_amount moved to tally.money in 0.3; scripts written before that import it from here."""
    assert expense.parse_amount("2.50") == 250
