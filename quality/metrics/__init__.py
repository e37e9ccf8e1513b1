"""Figures of a set of dialogues."""
