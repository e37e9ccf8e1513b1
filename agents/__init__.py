"""The CSC vocabulary, the dialogue types, the chat client, the managed engine and the five roles."""

DISTRIBUTION = "rolecs"
"""Tells our package from the one of the same name that the distribution `openai-agents` installs."""
