"""Research mode's own parts: the target and its results, the runs, the ratchet, and the leakage scan."""
