"""The engine: where runners, agents, gates, store and journal meet."""
