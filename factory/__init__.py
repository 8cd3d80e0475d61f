"""factory: measured experiments with coding agents, under rules that are code."""

__version__ = "0.1.0"
