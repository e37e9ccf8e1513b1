"""Checks on turns and whole dialogues: pure code without a model."""
