"""What keeps visitors, sites and the model from harm: private data, limits, the list of sites, the audit log."""
