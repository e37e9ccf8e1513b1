"""What an evaluation comes to: scores, tables, files of results."""
