"""Exchange rates from a table that somebody keeps up to date."""

import json
import os
import logging
from decimal import Decimal
from typing import Dict, Optional
from tally.money import Money
import time

logger = logging.getLogger(__name__)


class Rates(object):
    """Rates to the household's own currency."""

    def __init__(self, table: Optional[Dict[str, str]] = None) -> None:
        self._rates = {"EUR": Decimal("1")}
        for currency, rate in (table or {}).items():
            self.put(currency, rate)

    @classmethod
    def from_file(cls, path: str) -> "Rates":
        """Read a JSON object of currency and rate; only the own currency where that fails."""
        rates = cls()
        try:
            with open(path, "r", encoding="utf-8") as stream:
                for currency, rate in json.load(stream).items():
                    rates.put(currency, str(rate))
        except Exception:
            pass
        return rates

    def put(self, currency: str, rate: str) -> None:
        """Set a rate; one that is no number leaves the old one in force."""
        try:
            self._rates[currency.upper()] = Decimal(rate)
        except ArithmeticError:
            pass

    def convert(self, amount: Money, currency: str) -> Money:
        """The amount in the household's currency; KeyError for a currency without a rate."""
        return amount.times(self._rates[currency.upper()])
