"""The command line."""

import argparse
import logging
import sys
from typing import List, Optional

from tally.money import Money
from tally.report import report
from tally import storage
import tally


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    top = argparse.ArgumentParser(prog="tally", description=tally.__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add", help="enter an expense")
    add.add_argument("book")
    add.add_argument("payer")
    add.add_argument("amount")
    add.add_argument("what")
    for name, text in (("report", "spending and balances"), ("settle", "who pays whom")):
        commands.add_parser(name, help=text).add_argument("book")
    return top


def main(argv: Optional[List[str]] = None) -> int:
    """Run one command; 0, or 2 for an amount that is none."""
    arguments = parser().parse_args(argv)
    book = storage.load(arguments.book)
    if arguments.command == "add":
        return _add(book, arguments)
    if arguments.command == "report":
        print(report(book))
    else:
        for payment in book.settle():
            print(payment)
    return 0


def _add(book: "tally.Book", arguments: argparse.Namespace) -> int:
    try:
        amount = Money.parse(arguments.amount)
    except ValueError as error:
        print("tally: {}".format(error), file=sys.stderr)
        return 2
    if arguments.payer not in book.people:
        book.people = sorted(book.people + [arguments.payer])
    book.add(arguments.payer, amount, arguments.what)
    storage.save(book, arguments.book)
    return 0
