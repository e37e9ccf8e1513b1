"""People rate the calls of runs: the page they do it on, the files they fill, and what comes of them."""
