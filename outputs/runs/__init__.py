"""Runs: their records, the store, its lock, status and cost."""
