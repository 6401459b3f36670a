"""The self-test of the contract tests: seeded defects, each of which they must catch."""
