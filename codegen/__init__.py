"""From the specification to the generated package: `python -m codegen generate | drift | diff | refresh`."""
