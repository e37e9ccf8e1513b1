"""The managed vLLM, and the embedded demo model."""
