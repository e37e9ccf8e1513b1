"""The gate: which dialogues are kept, how far that can be trusted, and what the kept ones are like as a set."""
