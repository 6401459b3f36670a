"""The documentation site: pages written by hand, and what makes the others out of the specification."""
