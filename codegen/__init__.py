"""From the specification to the generated package: run as `python -m codegen generate` or `python -m codegen drift`."""
