"""Measuring a project, and deciding about a change from the measurements."""
