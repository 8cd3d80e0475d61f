"""Plans as contracts: text to model, model to text, and the rules that a plan keeps."""

from factory.spec.context import PlanContext, PlanLimits
from factory.spec.model import Spec
from factory.spec.parser import parse
from factory.spec.render import render

__all__ = ["PlanContext", "PlanLimits", "Spec", "parse", "render"]
