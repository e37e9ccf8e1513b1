"""Log, spans, metrics and progress of a job."""
