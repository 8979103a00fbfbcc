"""Runs the rules in stages, and combines their findings into a result."""
