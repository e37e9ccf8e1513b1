"""The way to a model: requests, client, retries, transport, usage, and what observes them."""
