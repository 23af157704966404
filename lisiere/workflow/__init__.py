"""Use cases that need no device: plan bookkeeping, runs, findings, reports."""
