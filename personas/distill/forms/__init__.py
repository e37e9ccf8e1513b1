"""The forms that transcripts come in, a file each: what a file of the form holds, as calls of named utterances."""
