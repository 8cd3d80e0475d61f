from pathlib import Path

import pytest

from tally.cli import main


def test_a_household_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    book = str(tmp_path / "book.json")
    assert main(["add", book, "ada", "30", "groceries"]) == 0
    assert main(["add", book, "ben", "12.00", "bus"]) == 0
    assert main(["settle", book]) == 0
    assert capsys.readouterr().out == "ada pays ben 6.00\n"
    assert main(["report", book]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Spending",
        "  food                             30.00",
        "  travel                           12.00",
        "Balances",
        "  ada                              -6.00",
        "  ben                               6.00",
    ]


def test_an_amount_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["add", str(tmp_path / "book.json"), "ada", "lots", "x"]) == 2
    assert capsys.readouterr().err == "tally: not an amount: 'lots'\n"
