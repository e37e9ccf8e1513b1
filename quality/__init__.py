"""Rules, rubric and judge: which dialogues are kept."""
