"""Runners: the protocol, and the adapters of programs that do a role's work. The cycle holds their table."""
