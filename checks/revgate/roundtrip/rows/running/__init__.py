"""Whether code that was written for the schema before a revision still works after it.

`affected` finds what an upgrade changed, `relations` reads what code could name before it,
`operations` composes what such code does, `perform` runs it below savepoints, `verdict` concludes
from what worked before and fails now, and `running_code` does all of it for one revision.
"""
