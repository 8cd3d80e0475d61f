"""Benchmarks: ratios within one run, and the page that shows them."""
