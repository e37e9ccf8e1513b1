"""How text is made of template files: of prompts, the dataset card and the report pages alike."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def template_environment(folder: Path, *, autoescape: bool = False) -> Environment:
    """Return what renders the template files of a folder; a value that a template uses and does not get is an error.

    Values are data and never parsed as templates. A block's tag on a line of its own leaves no trace of the line.

    Args:
        folder: holds the files.
        autoescape: make values safe in HTML; plain text takes them as they are.
    """
    # Without reloading: each rendering would ask the file system whether the file has changed.
    return Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        autoescape=autoescape,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
