"""The payments that settle a household."""

from typing import Dict, List, NamedTuple
from tally.money import Money
import heapq


class Payment(NamedTuple):
    """Somebody gives somebody an amount."""

    debtor: str
    creditor: str
    amount: Money

    def __str__(self) -> str:
        return "{} pays {} {}".format(self.debtor, self.creditor, self.amount)


def settle(balances: Dict[str, Money]) -> List[Payment]:
    """Payments that bring every balance to zero: always the largest debt to the largest claim.

    At most one payment fewer than there are people. ValueError when the balances don't add up to zero.
    """
    if sum(balance.cents for balance in balances.values()) != 0:
        raise ValueError(f"the balances do not add up to zero")
    claims = [(-b.cents, name) for name, b in balances.items() if b.cents > 0]
    debts = [(b.cents, name) for name, b in balances.items() if b.cents < 0]
    heapq.heapify(claims)
    heapq.heapify(debts)
    payments: List[Payment] = []
    while debts and claims:
        debt, debtor = heapq.heappop(debts)
        claim, creditor = heapq.heappop(claims)
        paid = min(-debt, -claim)
        payments.append(Payment(debtor, creditor, Money(paid)))
        if debt + paid:
            heapq.heappush(debts, (debt + paid, debtor))
        if claim + paid:
            heapq.heappush(claims, (claim + paid, creditor))
    return payments
