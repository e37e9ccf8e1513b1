"""The edge of the service: which requests come in, who may send them, and how they are answered over HTTP."""
