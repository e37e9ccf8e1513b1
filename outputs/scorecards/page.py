"""The HTML page on scorecards: figures and the dialogues with low stars; one file that reads and sends nothing."""

from agents.csc.speakers import SPEAKER_NAMES
from outputs.reports.assets import page_head, page_template
from outputs.reports.estimates import describe_mean, describe_share
from outputs.scorecards.summary import SHOWN_LOW, TITLES, Summary, describe_moment, title_of_low


def render_scorecards(title: str, summary: Summary) -> str:
    """Return the page."""
    return page_template("scorecards.html").render(
        head=page_head(f"{title} · rolecs scorecards"),
        title=title,
        summary=summary,
        titles=TITLES,
        title_of_low=title_of_low(summary),
        low=summary.low[:SHOWN_LOW],
        names=SPEAKER_NAMES,
        stars=describe_mean,
        share=describe_share,
        day=describe_moment,
    )
