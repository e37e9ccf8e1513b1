"""Training: from dialogues to an adapter."""
