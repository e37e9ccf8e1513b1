"""Carries the items of a run to where they are done: runner, dispatcher, limits, counters, interrupts."""
