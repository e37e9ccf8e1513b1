"""The prompt files by language, and what renders them."""
