"""The steps that modes are made of: each a function from a cycle and a scope to an outcome."""
