"""How often noise decides: error rates of keep and revert, simulated with the program's own decision.

A change of known worth is measured many times over with Gaussian noise, and decided each time by the
functions that decide in a cycle. Beside it stands a plain rule: one run of each side, the higher score wins.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence

from factory.evals.decide import compare, decide
from factory.models import Check, DimensionScore, Measurement, PrecheckReport, Reason, Tier, Verdict

SIGMA = 0.01
"""Standard deviation of one measurement of the composite."""

EFFECTS = (-0.02, -0.01, -0.005, 0.0, 0.005, 0.01, 0.02, 0.03)
PAIRS = (3, 5, 8, 12)
MIDDLE = 0.5


def measured(score: float) -> Measurement:
    """A measurement whose composite is ``score``, by one noisy project dimension."""
    bounded = min(max(score, 0.0), 1.0)
    dimension = DimensionScore(name="speed", tier=Tier.PROJECT, score=bounded, noisy=True)
    return Measurement(
        commit="", tree="", harness="", environment="", key="", timestamp="", dimensions=[dimension]
    )


def kept(before: Sequence[float], after: Sequence[float]) -> bool:
    """Whether a cycle would keep a change that was measured so, if all but its score is in order."""
    comparison = compare([measured(s) for s in before], [measured(s) for s in after])
    passes = comparison.direction not in ("regressed", "inconclusive")
    check = Check(name="score_direction", passed=passes, detail="", reason=Reason.REGRESSED)
    report = PrecheckReport(commit="", checks=[check])
    return decide(report, comparison, delivered=None).verdict is Verdict.KEEP


def share_kept(effect: float, pairs: int, trials: int, noise: random.Random) -> float:
    """The share of trials in which a change that is worth ``effect`` is kept; 1 pair: the plain rule."""
    count = 0
    for _ in range(trials):
        before = [noise.gauss(MIDDLE, SIGMA) for _ in range(pairs)]
        after = [noise.gauss(MIDDLE + effect, SIGMA) for _ in range(pairs)]
        count += after[0] > before[0] if pairs == 1 else kept(before, after)
    return count / trials


def table(trials: int, seed: int) -> str:
    """The rates as a Markdown table: a line an effect, a column a rule; in percent of the trials, kept."""
    head = ["worth", "in noise", "higher score wins", *(f"{pairs} pairs" for pairs in PAIRS)]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for effect in EFFECTS:
        noise = random.Random(f"{seed} {effect}")
        rates = [share_kept(effect, pairs, trials, noise) for pairs in (1, *PAIRS)]
        cells = [f"{effect:+.3f}", f"{effect / SIGMA:+.1f} σ", *(f"{100 * rate:.0f}%" for rate in rates)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    print(table(args.trials, args.seed))


if __name__ == "__main__":
    main()
