"""The careful production step: backup, bounded waits for locks, upgrade, verification."""
