"""The deterministic engineer: a runner that does what needs no judgement, by real tools, and says so for the rest."""
