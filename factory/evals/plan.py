"""Which dimensions are measured, and with what weight: the configured ones over the defaults. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from factory.config import DimensionSpec
from factory.evals.dimensions import BUILT_IN
from factory.evals.pytest_arguments import read_pytest_command
from factory.models import DimensionScore, Tier

BUILT_IN_PARSER = "exit_code"
NO_TIMEOUT = 86_400.0


def planned(configured: Sequence[DimensionSpec], *, python: bool, typed: bool) -> list[DimensionSpec]:
    """The dimensions of a project, in the order in which they are reported.

    Without a built-in one among the ``configured`` all of them are measured that the project lends itself
    to: none without ``python`` sources, ``type_check`` only where a checker is configured (``typed``). With
    one, only those that are listed. A listed name of a built-in dimension with a command of its own is a
    command's dimension.
    """
    listed = any(is_built_in(spec) for spec in configured)
    return [*([] if listed or not python else _defaults(configured, typed)), *configured]


def _defaults(configured: Sequence[DimensionSpec], typed: bool) -> list[DimensionSpec]:
    taken = {spec.name for spec in configured}
    names = [name for name in BUILT_IN if name not in taken and (typed or name != "type_check")]
    return [built_in(name) for name in names]


def built_in(name: str) -> DimensionSpec:
    """A built-in dimension with its defaults."""
    return DimensionSpec(name, BUILT_IN[name].value, 1.0, "", BUILT_IN_PARSER, NO_TIMEOUT, False)


def is_built_in(spec: DimensionSpec) -> bool:
    """Whether we measure it: a known name without a command, or ``tests`` with a pytest command line."""
    own_tests = spec.name == "tests" and read_pytest_command(spec.command) is not None
    return spec.name in BUILT_IN and (not spec.command or own_tests)


def labelled(spec: DimensionSpec, measured: DimensionScore, duration_s: float) -> DimensionScore:
    """A measured dimension as it is configured: weight, noise, and tier, which a built-in one keeps."""
    tier = BUILT_IN[spec.name] if is_built_in(spec) else Tier(spec.tier)
    update = {"name": spec.name, "tier": tier, "weight": spec.weight, "noisy": spec.noisy}
    return measured.model_copy(update=update | {"duration_s": round(duration_s, 3)})
