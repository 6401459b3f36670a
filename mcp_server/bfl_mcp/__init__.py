"""A server of the Model Context Protocol: models make pictures and videos, within a budget and within folders.

`server` runs it, `tools` describes what a model can call, and `studio` does the paid work: what it may cost is entered
in `budget` before a request is sent. `folders` decides which files may be read, `shelf` keeps the handles of tasks.
"""
