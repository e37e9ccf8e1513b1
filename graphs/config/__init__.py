"""Settings, and what a run writes down of them."""
