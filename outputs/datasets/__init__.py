"""Data sets: formats, reading, export, manifest, card, verification."""
