"""From transcripts of real calls to personas."""
