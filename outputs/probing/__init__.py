"""What a probed agent is like: figures, tables, thresholds, and the files of a probe."""
