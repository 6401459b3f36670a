"""Random mutants of a package, judged by the tests that run the changed line: see `__main__`."""
