"""`make docs-site`: the documents as a site that works without a network."""
