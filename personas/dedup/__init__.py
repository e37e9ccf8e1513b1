"""Finds and merges near-duplicates by their embeddings."""
