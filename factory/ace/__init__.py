"""Learning: playbooks, how they are counted, evolved and handed on."""
