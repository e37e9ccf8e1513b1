"""Recall and precision of the scrubber on sets of labelled sentences.

A labelled span counts as found when all of it is replaced, whatever the placeholder; "named right" is the share of
these whose placeholder is the labelled kind. A replacement counts as right when it overlaps a labelled span, and as too
wide when it takes more than two letters or digits beside. All sentences were written by hand.

Mistakes on four of the sets, seen, hard, seen2 and seen3, were looked at and mended, and a test holds the scrubber to
the first. Those on unseen and blind2 were looked at later, in both languages: until then only their totals were known.
Those on blind and blind3 never were, and no test asserts anything of them: their figures say what to expect of other
calls. Hard and unseen are halves, drawn by chance, of one set that was written before the rules were changed for it,
seen2 and blind2 of another, seen3 and blind3 of a third. In these some sentences stand behind the question that they
answer, or are exchanges of several turns.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from agents.csc.language import Language
from agents.reading import read_lines
from benchmarks._common import print_table
from quality.privacy import Finding, find_in_dialogue, find_private

SEEN = Path(__file__).parent.parent / "tests" / "data" / "private"
BLIND = Path(__file__).parent / "data" / "private"
_PAIRS = ("hard", "unseen", "seen2", "blind2", "seen3", "blind3")
SETS = {"seen": SEEN, "blind": BLIND} | {name: BLIND / name for name in _PAIRS}
NOT_LOOKED_AT = ("blind", "blind3")
MOST_BESIDE = 2
"""Letters and digits that a replacement may take beside what is private."""
NAMES = ("UserName", "Address")
NUMBERS = ("PhoneNumber", "CardNumber", "AccountNumber", "IdNumber", "Email")


@dataclass
class Score:
    """Counts over labelled spans (`found`, `named` with the right kind) and over replacements (`right`, too `wide`)."""

    labelled: int = 0
    found: int = 0
    named: int = 0
    replaced: int = 0
    right: int = 0
    wide: int = 0

    def __add__(self, other: "Score") -> "Score":
        return Score(*(one + two for one, two in zip(vars(self).values(), vars(other).values(), strict=True)))

    @property
    def recall(self) -> float:
        return self.found / self.labelled if self.labelled else 1.0

    @property
    def precision(self) -> float:
        return self.right / self.replaced if self.replaced else 1.0


def measure(sentences: Path) -> tuple[dict[str, Score], list[str]]:
    """Return the scores by kind on a file of labelled sentences, and a line for each mistake.

    A row has a `text` and what is `private` in it, and the question that it answers if there is one (`asked`); or it
    has several such `turns`, all labelled.
    """
    scores: dict[str, Score] = defaultdict(Score)
    mistakes: list[str] = []
    for _, line in read_lines(sentences):
        row = json.loads(line)
        turns = row.get("turns", [row])
        before = [row["asked"]] if "asked" in row else []
        texts = [*before, *(turn["text"] for turn in turns)]
        found = find_in_dialogue(texts)[len(before) :] if len(texts) > 1 else [find_private(texts[0])]
        for turn, findings in zip(turns, found, strict=True):
            mistakes += _score(turn["text"], turn["private"], findings, scores)
    return dict(scores), mistakes


def _score(
    text: str, labels: Sequence[dict[str, str]], findings: Sequence[Finding], scores: dict[str, Score]
) -> Iterator[str]:
    """Add what was found in a text to the scores, and yield a line for each mistake."""
    spans, start = [], 0
    for label in labels:
        start = text.index(label["text"], start)
        spans.append((start, start + len(label["text"]), label["kind"]))
        start = spans[-1][1]
    hidden = {index for finding in findings for index in range(finding.start, finding.end)}
    for start, end, kind in spans:
        score = scores[kind]
        score.labelled += 1
        if all(index in hidden or text[index].isspace() for index in range(start, end)):
            score.found += 1
            score.named += any(finding.kind == kind and _overlap(finding, start, end) for finding in findings)
        else:
            yield f"missed {kind} {text[start:end]!r} in: {text}"
    labelled = {index for start, end, _ in spans for index in range(start, end)}
    for finding in findings:
        score = scores[finding.kind]
        score.replaced += 1
        if any(_overlap(finding, start, end) for start, end, _ in spans):
            score.right += 1
            beside = [text[index] for index in range(finding.start, finding.end) if index not in labelled]
            if sum(map(str.isalnum, beside)) > MOST_BESIDE:
                score.wide += 1
                yield f"took too much, {text[finding.start : finding.end]!r}, in: {text}"
        else:
            yield f"took {text[finding.start : finding.end]!r} for {finding.kind} in: {text}"


def _overlap(finding: Finding, start: int, end: int) -> bool:
    return finding.start < end and start < finding.end


def main(argv: Sequence[str] | None = None) -> None:
    """Print the table, and each mistake on request."""
    parser = argparse.ArgumentParser(prog="benchmarks.private_data", description="Measure the scrubber.")
    parser.add_argument("--mistakes", action="store_true", help="print each mistake on the sets that are looked at")
    arguments = parser.parse_args(argv)
    rows = []
    for language, (label, folder) in product(Language, SETS.items()):
        sentences = folder / f"{language}.jsonl"
        if not sentences.exists():
            continue
        scores, mistakes = measure(sentences)
        groups = dict(sorted(scores.items())) | {
            "names and addresses": sum((scores.get(kind, Score()) for kind in NAMES), Score()),
            "numbers and e-mails": sum((scores.get(kind, Score()) for kind in NUMBERS), Score()),
            "all": sum(scores.values(), Score()),
        }
        for kind, score in groups.items():
            named = score.named / score.found if score.found else 0.0
            rows.append(
                (
                    f"{language} {label} {kind}",
                    *(score.labelled, score.recall, named, score.replaced, score.precision, score.wide),
                )
            )
        if arguments.mistakes and label not in NOT_LOOKED_AT:
            print(*mistakes, sep="\n")
    columns = ("language, set, kind", "labelled", "recall", "named right", "replaced", "precision", "too wide")
    print_table("Private data found in labelled sentences (shares)", columns, rows)


if __name__ == "__main__":
    main()
