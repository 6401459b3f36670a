"""Whether the live service does what the specification says: `python -m codegen.live`. It costs nothing.

Each request carries one value to be tried and, beside it, values that no service can take, its guards: parameters of a
wrong type. The service refuses such a request whatever it thinks of the value, and its answer, which lists everything
that is wrong (measured by a third party 2026), tells whether the value is among it. So values that should be taken are
tried for nothing too. Nothing that the schema permits is sent unless `--spend` allows it.
"""
