"""`rolecs graph`: prints the state machine."""

import typer


def graph() -> None:
    """Print the five-role graph as Mermaid."""
    from graphs.dialogue.graph import graph as dialogue_graph

    typer.echo(dialogue_graph.get_graph().draw_mermaid())
