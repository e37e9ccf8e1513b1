"""What tests share beside the fixtures: stand-ins for servers and models, golden files, jobs as commands, the soak."""

from pathlib import Path

DATA = Path(__file__).parents[1] / "data"
"""Files that tests read: labelled calls, private data, real dialogues."""
