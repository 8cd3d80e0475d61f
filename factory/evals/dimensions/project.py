"""The project's own dimensions: a score read from what a command leaves."""

from __future__ import annotations

from factory.config.kinds import PARSERS
from factory.evals.reports import ScoreReport, parse_exit_code, parse_results, parse_score
from factory.evals.tool_reports import TOOL_PARSERS, read_tool_report


def report_file(parser: str) -> str:
    """The file that a parser reads in place of stdout (``json:out/score.json``); empty for stdout."""
    return parser.partition(":")[2]


def read(parser: str, exit_code: int, output: str, lines: int = 0) -> ScoreReport:
    """The score by one of the parsers; all but the first may name a file after a colon.

    ``exit_code``: 1 for exit code 0, else 0. ``json``: ``{"score": …, "details": …}``, the last such object.
    ``results``: ``{"results": [{"score": …}, {"passed": …}, …]}``, the mean by each one's ``weight``. With
    these two, a command that fails has measured nothing, whatever it printed before. The others read the
    reports of known tools, which exit otherwise than 0 when they find something; ``lines`` is the size of the
    code, for those that judge by density.
    """
    kind = parser.partition(":")[0]
    if kind not in PARSERS:
        return ScoreReport(error=f"unknown parser {parser!r}; it is one of {', '.join(PARSERS)}")
    if kind == "exit_code":
        return parse_exit_code(exit_code)
    if kind in TOOL_PARSERS:
        return read_tool_report(kind, output, lines)
    if exit_code != 0:
        return ScoreReport(error=f"the command exited {exit_code}: {output.strip()[-300:]}")
    return parse_score(output) if kind == "json" else parse_results(output)
