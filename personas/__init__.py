"""Personas: their type, the pools they come in."""
