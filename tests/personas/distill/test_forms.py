"""A call is the same call in every form, and a third voice in none of them becomes somebody else's words."""

import csv
import gzip
import io
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.csc.speakers import SPEAKERS_BY_NAME, Speaker
from personas.distill.forms.call import Broken
from personas.distill.transcripts import Line, ThirdVoices, Transcript, read_transcripts

Said = list[tuple[str, str]]


def lines(pattern: str) -> Callable[[Said], str]:
    def write(said: Said) -> str:
        return "\n".join(
            pattern.format(name=name, text=text, at=f"00:{number:02}:05") for number, (name, text) in enumerate(said)
        )

    return write


def document(make: Callable[[Said], object], indent: int | None = None) -> Callable[[Said], str]:
    return lambda said: json.dumps(make(said), indent=indent, ensure_ascii=False)


def turns(speaker: str, text: str) -> Callable[[Said], list[dict[str, str]]]:
    return lambda said: [{speaker: name, text: words} for name, words in said]


def by_side(said: Said) -> list[dict[str, str]]:
    """Return utterances with the name as key; others than the two sides cannot be told so."""
    return [{name: text} if name in SIDES else {"speaker": name, "text": text} for name, text in said]


def table(delimiter: str) -> Callable[[Said], str]:
    def write(said: Said) -> str:
        file = io.StringIO()
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(["Call ID", "Turn", "Speaker", "Text"])
        # The last first: the numbers say the order.
        writer.writerows(reversed([[17, number, name, text] for number, (name, text) in enumerate(said)]))
        return file.getvalue()

    return write


def captions(header: str, cue: str) -> Callable[[Said], str]:
    return lambda said: header + "\n".join(f"00:00:01,000 --> 00:00:02.000\n{cue.format(*one)}\n" for one in said)


FORMS: dict[str, Callable[[Said], str]] = {
    "colon.txt": lines("{name}: {text}"),
    "wide-colon.txt": lines("{name}：{text}"),
    "stamped.txt": lines("[{at}] {name}: {text}"),
    "bare-stamp.txt": lines("{at} {name}: {text}"),
    "span.txt": lines("[{at} --> {at}] {name}: {text}"),
    "messenger.txt": lines("05/01/2024, 10:22 - {name}: {text}"),
    "iso.txt": lines("2024-01-05T{at}Z {name}: {text}"),
    "stamp-behind.txt": lines("{name} ({at}): {text}"),
    "markdown.md": lines("- **{name}:** {text}"),
    "brackets.txt": lines("[{name}] {text}"),
    "wide-brackets.txt": lines("【{name}】{text}"),
    "tab.txt": lines("{name}\t{text}"),
    "header.txt": lines("{name}  {at}\n{text}\n"),
    "colon-alone.txt": lines("{name}:\n{text}\n"),
    "separators.txt": lambda said: "\u2028".join(f"{name}: {text}" for name, text in said),
    "chat.txt": lambda said: "".join(f"<|im_start|>{name}\n{text}<|im_end|>\n" for name, text in said),
    "voices.vtt": captions("WEBVTT\n\nNOTE made\n\n", "<v {0}>{1}</v>"),
    "names.vtt": captions("WEBVTT - call\n\n", "{0}: {1}"),
    "call.srt": captions("", "{0}: {1}"),
    "comma.csv": table(","),
    "semicolon.csv": table(";"),
    "tab.tsv": table("\t"),
    "cell.csv": lambda said: 'id,transcript\n17,"' + lines("{name}: {text}")(said) + '"\n',
    "turns.jsonl": document(lambda said: {"dialogue_id": 17, "turns": turns("speaker", "text")(said)}),
    "one.json": document(lambda said: {"dialogue_id": 17, "turns": turns("speaker", "text")(said)}, indent=1),
    "array.json": document(lambda said: [{"id": 17, "dialogue": turns("speaker", "text")(said)}], indent=2),
    "split.json": document(lambda said: {"train": [], "dev": [{"id": 17, "turns": turns("speaker", "text")(said)}]}),
    "contact-lens.json": document(
        lambda said: {
            "CustomerMetadata": {"ContactId": "17"},
            "Participants": [{"ParticipantId": f"p-{name}", "ParticipantRole": name} for name, _ in said],
            "Transcript": [
                {"ParticipantId": f"p-{name}", "Id": str(i), "Content": c} for i, (name, c) in enumerate(said)
            ],
        }
    ),
    "abcd.json": document(
        lambda said: [
            {"convo_id": 17, "original": [*map(list, said)], "delexed": turns("speaker", "text")([("agent", "<x>")])}
        ]
    ),
    "taskmaster.json": document(lambda said: [{"conversation_id": 17, "utterances": turns("speaker", "text")(said)}]),
    "messages.jsonl": document(lambda said: {"id": 17, "messages": turns("role", "content")(said)}),
    "parts.jsonl": document(
        lambda said: {"messages": [{"role": name, "content": [{"type": "text", "text": c}]} for name, c in said]}
    ),
    "sharegpt.json": document(lambda said: [{"id": "17", "conversations": turns("from", "value")(said)}]),
    "wrapped.json": document(
        lambda said: {"Segments": [{"Transcript": one} for one in turns("Role", "Content")(said)]}
    ),
    "messages-within.json": document(
        lambda said: [
            {"id": 17, "events": [{"at": {"s": 1}, "message": one} for one in turns("role", "content")(said)]}
        ]
    ),
    "by-side.json": document(lambda said: [{"id": 17, "note": {"author": "x", "text": "y"}, "log": by_side(said)}]),
    "flat.json": document(
        lambda said: [{"call_id": id_, **one} for id_ in (17, 18) for one in turns("speaker", "text")(said)]
    ),
    "rows.jsonl": lambda said: "\n".join(
        json.dumps({"call_id": id_, **one}) for one in turns("speaker", "text")(said) for id_ in (17, 18)
    ),
    "strings.json": document(lambda said: {"id": 17, "dialogue": [f"{name}: {text}" for name, text in said]}),
    "string.jsonl": document(lambda said: {"id": 17, "transcript": lines("{name}: {text}")(said)}),
}
"""By the names of files; `said` is never empty, and both sides speak in it."""
TEXTS = (
    "My card was declined twice, I need it.",
    "It is 10:30 now: what is the matter?",
    "我的卡昨天被拒了两次，怎么办？",
    "no idea",
    "See https://example.com/help for the rest.",
    "Thanks (really) - that's all",
)
NAMES = {
    Speaker.SUPPORTER: ("Agent", "AGENT", "Representative", "客服人员", "坐席"),
    Speaker.CUSTOMER: ("Customer", "CUSTOMER", "Caller", "Client", "来电者"),
    None: ("Supervisor", "Agent 2", "System", "SPEAKER_07", "主管", "Chatbot", "Mary Poe"),
}
SIDES = {*NAMES[Speaker.SUPPORTER], *NAMES[Speaker.CUSTOMER]}


@st.composite
def calls(draw: st.DrawFn) -> tuple[Said, tuple[Line, ...], Counter[str]]:
    """Return a call as it is said, its two sides as they are to be read, and its third voices."""
    names = {speaker: draw(st.sampled_from(choices)) for speaker, choices in NAMES.items()}
    middle = draw(st.lists(st.tuples(st.sampled_from(list(NAMES)), st.sampled_from(TEXTS)), max_size=6))
    spoken = [(Speaker.SUPPORTER, TEXTS[0]), *middle, (Speaker.CUSTOMER, TEXTS[1])]
    read: list[Line] = []
    for speaker, text in spoken:
        if speaker and read and read[-1].speaker is speaker:
            read[-1] = Line(speaker, f"{read[-1].text} {text}")
        elif speaker:
            read.append(Line(speaker, text))
    third = Counter(names[speaker] for speaker, _ in spoken if speaker is None)
    return [(names[speaker], text) for speaker, text in spoken], tuple(read), third


@pytest.mark.parametrize("form", FORMS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(call=calls(), encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]), packed=st.booleans())
def test_a_call_is_the_same_in_every_form(
    tmp_path: Path, form: str, call: tuple[Said, tuple[Line, ...], Counter[str]], encoding: str, packed: bool
) -> None:
    said, wanted, third = call
    data = FORMS[form](said).encode(encoding)
    file = tmp_path / (f"{form}.gz" if packed else form)
    file.write_bytes(gzip.compress(data, 1) if packed else data)
    found = list(read_transcripts([str(file)]))
    assert not [item for item in found if isinstance(item, Broken)], found
    transcripts = [item for item in found if isinstance(item, Transcript)]
    assert {transcript.lines for transcript in transcripts} == {wanted}
    assert len({transcript.id for transcript in transcripts}) == len(transcripts)
    voices = [item.utterances for item in found if isinstance(item, ThirdVoices)]
    assert voices == [third] * (len(transcripts) if third else 0)


@pytest.mark.parametrize("name", SPEAKERS_BY_NAME)
def test_every_name_of_a_speaker_is_known_in_each_kind_of_form(name: str, tmp_path: Path) -> None:
    for form in ("colon.txt", "stamped.txt", "call.srt", "voices.vtt", "comma.csv", "turns.jsonl", "sharegpt.json"):
        (tmp_path / form).write_text(FORMS[form]([(name.title(), "Hello.")]), encoding="utf-8")
        (call,) = read_transcripts([str(tmp_path / form)])
        assert isinstance(call, Transcript) and call.lines == (Line(SPEAKERS_BY_NAME[name], "Hello."),), form
