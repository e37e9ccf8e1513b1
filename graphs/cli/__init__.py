"""The command line: a file a command, and the flags made from settings."""
