"""Calls to a live agent: how it is reached, what makes a call hard, and one call from plan to record."""
