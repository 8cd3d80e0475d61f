"""The deterministic engineer: what can be improved without judgement, by real tools, with no model.

It implements the runners' protocol and acts on an invocation's facts and checkout, never on the prompt's
prose. What needs judgement it reports and leaves alone.
"""

from factory.offline.runner import OfflineRunner

__all__ = ["OfflineRunner"]
