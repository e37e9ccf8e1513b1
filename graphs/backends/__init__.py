"""Where items are carried out: servers of this process, or the nodes of a Ray cluster."""
