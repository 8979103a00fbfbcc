"""`revgate rebase`: new revisions brought behind the head of a base.

Edits revision files by position, never by printing code again; knows nothing of reports.
"""
