"""Roles, their prompts and their playbooks."""
