"""`revgate rebase`, `revgate new`, and edits to revision files.

Files are edited by position; code is never printed again.
"""
