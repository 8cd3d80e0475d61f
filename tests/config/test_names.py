"""The names that settings may use are those of the parts that they speak of.

Those parts lie above the settings or beside them, so that each list is there twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

import pytest

from factory.agents.roles import ROLES
from factory.cli import build_parser
from factory.config import schema
from factory.cycle.runners import RUNNERS
from factory.models import Tier
from factory.runners.base import Status
from factory.sandbox.backends import WANTED
from tools import docs

(RUN,) = (parser for name, _, parser in docs.commands(build_parser()) if name == "factory run")
OPTIONS = RUN._option_string_actions


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("ROLES", ROLES),
        ("TIERS", Tier),
        ("STATUSES", get_args(Status)),
        ("SANDBOXES", WANTED),
        ("SANDBOXES", OPTIONS["--sandbox"].choices or ()),
        ("RUNNERS", ("auto", *RUNNERS)),
    ],
)
def test_the_settings_know_what_there_is(name: str, there: Iterable[str]) -> None:
    assert getattr(schema, name) == tuple(there), f"make {name} of config/schema.py the same, in this order"


def test_the_help_names_the_runners_in_their_order() -> None:
    assert ", ".join(RUNNERS) in (OPTIONS["--runner"].help or ""), "name it in the help of --runner in cli.py"
