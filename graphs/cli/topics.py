"""`rolecs topics`: lists the topics that ship, or those of a user's own file, and shows them whole."""

from typing import Annotated

import typer

from agents.csc.language import Language
from agents.csc.topics import TOPICS, choose_topics, topics_by_code
from agents.csc.topics.topic import Topic
from agents.errors import UsageError
from graphs.cli.terminal import output


def topics(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="TOPIC", help="Codes, groups or TOML files; all that ship.")
    ] = None,
    language: Annotated[Language, typer.Option("--language", help="Language of the words.")] = Language.EN,
    show: Annotated[bool, typer.Option("--show", help="Show all that is known of each.")] = False,
) -> None:
    """List topics, and check a file of your own."""
    from rich.table import Table

    try:
        chosen = topics_by_code(choose_topics(names or TOPICS, language), language)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if show:
        for topic in chosen.values():
            output.print(_describe(topic))
        return
    table = Table("code", "group", "name")
    for topic in chosen.values():
        table.add_row(topic.code, topic.group, topic.name)
    output.print(table)


def _describe(topic: Topic) -> str:
    """Return a topic over some lines, what is not known of it left out."""
    company = topic.company
    lines = [f"{topic.code} ({topic.group}): {topic.name}", f"  {topic.sentence}", f"  company: {company.name}"]
    if company.voice:
        lines.append(f"  voice: {company.voice}")
    for title, texts in (
        ("products", company.products),
        ("impossible", company.impossible),
        ("facts", topic.facts),
        ("policies", company.paragraphs),
    ):
        if texts:
            lines += [f"  {title}:", *(f"  - {' '.join(text.split())}" for text in texts)]
    return "\n".join(lines)
