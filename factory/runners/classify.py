"""What an agent CLI's own report of a failure means.

The text that is read here comes from the CLI about itself and its service, never from what a model wrote.
"""

from __future__ import annotations

import re

from factory.runners.base import Status

# In this order, for the message of an exhausted account may name a number that otherwise means "try again".
_WORDS: tuple[tuple[Status, str], ...] = (
    ("quota", r"quota|usage limit|credit balance|billing|hit your .{0,20}limit|limit reached|spending"),
    ("login", r"\b40[13]\b|authenticat|unauthori[sz]ed|logged in|log in|/login|api key|refresh token"),
    ("limit", r"output token maximum|max_output_tokens|context (window|length)|too (long|large)"),
    ("missing", r"\b404\b|selected model|model .{0,80}(not exist|not found|not supported)"),
    ("transient", r"\b(408|409|425|429|5\d\d)\b|overload|high demand|rate.?limit|temporar|try again"),
    ("missing", r"sandbox required"),
    ("transient", r"malformed response|discovery failed"),
    ("transient", r"connect|network|time[d-]? ?out|stream|socket|econn|reset by peer|dns|resolve"),
)
_BY_WORDS = tuple((re.compile(pattern, re.IGNORECASE), status) for status, pattern in _WORDS)

_BY_NUMBER: dict[int, Status] = {401: "login", 402: "quota", 403: "login", 404: "missing", 413: "limit"}
_PASSING = (408, 409, 425, 429)


def failure_status(message: str, http: int | None = None) -> Status:
    """The status of a call that failed, by the HTTP status where the CLI tells it, else by its words.

    ``crashed`` where neither says anything: the call itself was at fault.
    """
    if http in _BY_NUMBER:
        return _BY_NUMBER[http]
    words = next((status for pattern, status in _BY_WORDS if pattern.search(message)), None)
    if http is not None and (http in _PASSING or http >= 500):
        return "quota" if words == "quota" else "transient"
    return words or "crashed"
