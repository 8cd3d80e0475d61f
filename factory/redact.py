"""Takes secrets out of text before it is logged, posted, or told as an error. Standard library only."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

GONE = "[redacted]"
SHORTEST_SECRET = 8  # a shorter value of a secret variable would also hit innocent words

_SECRET_NAME = re.compile(
    r"(?:^|[_-])(?:api[_-]?key|access[_-]?key|secret|password|passwd|passphrase|credentials?|authorization|token"
    r"|private[_-]?key|cookie)(?:$|[_-])",
    re.IGNORECASE,
)
_SECRET_ENDINGS = ("_KEY", "APIKEY", "_PAT", "PASSWORD", "PASS", "_PWD", "_AUTH")
_USER = re.compile(r"(?<=://)[^/@]*@")
_PATTERNS = [
    (re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"), GONE),  # user:password in an address
    (re.compile(r"(?<=://)[^/\s:@]{8,}(?=@)"), GONE),  # a token alone in an address
    (re.compile(r"\b(?:sk|rk|pk)-[A-Za-z0-9_-]{16,}"), GONE),  # model providers
    (re.compile(r"\b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9_]{10,}|\bhf_[A-Za-z0-9]{30,}"), GONE),
    (re.compile(r"\b(?:gh[pousr]_|github_pat_|glpat-)[A-Za-z0-9_-]{16,}"), GONE),  # code hosts
    (re.compile(r"\bnpm_[A-Za-z0-9]{30,}|\bpypi-[A-Za-z0-9_-]{40,}"), GONE),  # package registries
    (
        re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bAIza[A-Za-z0-9_-]{30,}|\bxox[abprs]-[A-Za-z0-9-]{10,}"),
        GONE,
    ),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+"), GONE),  # JSON web tokens
    (re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE), rf"\1 {GONE}"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S), GONE),
    (
        re.compile(
            r"\b([\w-]*(?:api[_-]?key|secret|password|passwd|token)\b[\"']?\s*[=:]\s*)[\"']?[^\s\"',;]{6,}",
            re.I,
        ),
        rf"\1{GONE}",
    ),
]


def redact(text: str) -> str:
    """Text without what looks like a secret, and without the values of secret environment variables."""
    for value in _secret_values():
        text = text.replace(value, GONE)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def without_password(url: str) -> str:
    """A URL without the user's name and password in it, for people to read and for files."""
    return _USER.sub("", url)


def redact_all(value: Any, name: str = "") -> Any:
    """A copy of plain data in which every text is redacted, and the text under a secret's name altogether."""
    if isinstance(value, str):
        return GONE if value and _SECRET_NAME.search(name) else redact(value)
    if isinstance(value, Mapping):
        return {str(k): redact_all(v, str(k)) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [redact_all(v, name) for v in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return redact(str(value))


def _secret_values() -> list[str]:
    """The longest first, so that none is left in part because it holds another."""
    found = {v for k, v in os.environ.items() if len(v) >= SHORTEST_SECRET and _is_secret_variable(k)}
    return sorted(found, key=len, reverse=True)


def _is_secret_variable(name: str) -> bool:
    return bool(_SECRET_NAME.search(name)) or name.upper().endswith(_SECRET_ENDINGS)
