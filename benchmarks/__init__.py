"""Measurements of what a call costs: client CPU, prompt tokens computed, engine tokens. No test asserts them."""
