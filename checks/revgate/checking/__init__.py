"""The order of the stages: which rules are asked of what, and how their findings are joined."""
