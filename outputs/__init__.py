"""The run store, and the shards made from it."""
