"""The version of this package, defined only here."""

__version__ = "0.1.0"
USER_AGENT = f"bfl-client/{__version__}"
