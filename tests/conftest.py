"""Settings for all tests."""

from hypothesis import settings

settings.register_profile(
    "project", deadline=None
)  # two busy cores: the suite has a time limit, its examples have none
settings.load_profile("project")
