"""One dialogue: the LangGraph state machine, from plan to record."""
