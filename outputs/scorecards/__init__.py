"""What was said at the service and what visitors think of it: the store, its summary, and rows to train on."""
