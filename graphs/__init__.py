"""The LangGraph state machine, the batch runner and its settings."""
