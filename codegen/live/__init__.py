"""Checks whether the live service does what the specification says: `python -m codegen.live`. It costs nothing.

Each request tries one value, and beside it has guards: parameters of a wrong type, which no service accepts. So the
service refuses the request in any case, and its answer, which lists everything that is wrong (measured by a third
party, 2026), says whether the value is wrong too. That way values that should be accepted cost nothing either. Nothing
that the schema permits is sent unless `--spend` allows it.
"""
