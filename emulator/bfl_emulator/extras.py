"""What to say where a library is missing that the emulator needs."""


def missing(error: ModuleNotFoundError) -> ModuleNotFoundError:
    """Return an error that says in one line what to install; the same error if a module of ours is missing."""
    library = (error.name or "bfl_").partition(".")[0]
    if library.startswith("bfl_"):  # our own bug, not a missing library
        return error
    install = 'pip install "bfl-client[emulator]"'
    return ModuleNotFoundError(f"the emulator needs {library}, which is not installed: {install}", name=library)
