"""Runs on a user's own topics: grounded, stored whole, and read again everywhere without the file they came from."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.csc.flow import Limits
from agents.csc.language import Language
from agents.csc.topics import choose_topics
from agents.csc.topics.topic import Topic
from agents.errors import UsageError
from graphs.config.evaluate import EvaluateSettings
from graphs.config.loading import anchor, load_settings
from graphs.config.provenance import evaluations_provenance, judgements_provenance
from graphs.config.settings import JudgeSettings, Settings
from graphs.jobs.judge import judge
from outputs.datasets.dialogues import Labelled
from outputs.datasets.export import export_run
from outputs.datasets.formats import Format, Shape, format_lines
from outputs.datasets.reader import parse_dialogue, read_dialogues
from outputs.datasets.roles import role_rows
from outputs.datasets.verify import verify_export
from outputs.reports.inspection import inspect_dialogues
from outputs.reports.run_report import report_run
from outputs.runs.record import DIALOGUES, Record
from outputs.runs.run import Outcome
from outputs.runs.store import RunStore
from tests.support.jobs import run, run_quietly
from tests.support.loopback import Loopback, serve
from tests.support.topics import ACME, acme_topic

POLICY = {Language.EN: "Refunds are paid within 14 days", Language.ZH: "退费在14天内"}

SUPPORTERS = {Language.EN: "You are on the support line of Acme Broadband", Language.ZH: "你是极光宽带的电话客服"}
"""How a request of the supporter's side begins."""
LISTED = "\n[1] "
"""How the first utterance stands in a request of labeller or judge."""
MakeRecord = Callable[..., Record]


def settings_of(server: Loopback, folder: Path, file: Path, language: Language, **fields: Any) -> Settings:
    known: dict[str, Any] = {
        "base_url": [server.base_url],
        "run": folder,
        "canaries": 0,
        "max_similarity": 1,
        "balance": True,
        "language": language,
        "topics": [str(file), "online-order"],
        "dialogues": 2,
    }
    return load_settings(Settings, None, known | fields)


def copy_of(file: Path, folder: Path) -> Path:
    """Copy a table and its policies into a folder."""
    folder.mkdir()
    shutil.copy(file.with_name("acme-policies.txt"), folder)
    return Path(shutil.copy(file, folder))


def records_of(store: RunStore[Any, Record]) -> list[Record]:
    return list(store.records(Outcome.KEPT, Outcome.REJECTED))


def texts_of(requests: Sequence[dict[str, Any]]) -> list[str]:
    return ["\n".join(message["content"] for message in body["messages"]) for body in requests]


@pytest.mark.parametrize("language", list(Language))
async def test_policies_reach_the_supporters_side_and_the_judge_and_never_the_customer(
    tmp_path: Path, language: Language
) -> None:
    folder = tmp_path / "run"
    async with serve(Loopback()) as server:
        await run_quietly(settings_of(server, folder, ACME, language, topics=[str(ACME)]))
    told = 0
    with RunStore.read(DIALOGUES, folder) as store:
        for record in records_of(store):
            assert record.plan and record.own_topic == acme_topic(language)
            texts = zip(texts_of(server.requests), server.sessions, strict=True)
            for text in (text for text, id_ in texts if id_ == record.id):
                is_judges = LISTED in text and record.plan.customer_goal in text
                told += is_judges
                is_known = is_judges or text.startswith(SUPPORTERS[language])
                assert (POLICY[language] in text) is is_known, text
            assert record.verdict
    assert told == 2 * 5


async def test_a_run_needs_its_table_no_more_once_it_has_begun(tmp_path: Path) -> None:
    file, folder, out = copy_of(ACME, tmp_path / "own"), tmp_path / "run", tmp_path / "shards"
    async with serve(Loopback()) as server:
        first = settings_of(server, folder, file, Language.EN)
        await run_quietly(first)
        shutil.rmtree(file.parent)
        with RunStore.read(DIALOGUES, folder) as store:
            stored = anchor(store.provenance.settings, "/elsewhere")
        again = load_settings(Settings, None, {"dialogues": 6, "run": folder, "base_url": [server.base_url]}, stored)
        assert again.topics == first.topics and Settings.model_validate_json(again.for_node()).topics == first.topics
        await run_quietly(again, resume=True)
        requests, sessions = texts_of(server.requests), list(server.sessions)
        with RunStore.read(DIALOGUES, folder) as store:
            records = records_of(store)
            limits = Limits.model_validate(store.provenance.configuration["limits"])
            export_run(store, out, shape=Shape(format=Format.ROLECS), shard_lines=100, with_rejected=True)
            page = "\n".join(report_run(store))
            assert inspect_dialogues(records_of(store)).dialogues == 6
        assert {record.topic for record in records} == {"acme-outage", "online-order"}
        assert list(verify_export(out)) == []
        assert "outage at home, online orders and returns" in (out / "README.md").read_text(encoding="utf-8")
        assert '"acme-outage":"outage at home"' in page and "outage at home · online orders and returns" in page
        dialogues = list(read_dialogues(out))
        kept = {record.id: record for record in records if record.outcome is Outcome.KEPT}
        for dialogue in dialogues:
            assert dialogue == Labelled.of(kept[dialogue.id])
            sent = {text for text, id_ in zip(requests, sessions, strict=True) if id_ == dialogue.id}
            rows = list(role_rows(dialogue, limits))
            assert rows and {"\n".join(part.content for part in row.messages) for row in rows} <= sent
        server.requests.clear()
        judged = await run(judge, JudgeSettings(base_url=(server.base_url,), run=tmp_path / "judged"), dialogues)
        assert judged.funnel.outcomes[Outcome.FAILED] == 0
        with_policy = sum(POLICY[Language.EN] in text for text in texts_of(server.requests))
        assert with_policy == 5 * sum(dialogue.own_topic is not None for dialogue in dialogues) > 0


async def test_another_policy_is_another_run_and_the_refusal_shows_it(tmp_path: Path) -> None:
    file, folder = copy_of(ACME, tmp_path / "own"), tmp_path / "run"
    async with serve(Loopback()) as server:
        await run_quietly(settings_of(server, folder, file, Language.EN))
        policies = file.with_name("acme-policies.txt")
        policies.write_text(policies.read_text(encoding="utf-8").replace("14 days", "30 days"), encoding="utf-8")
        changed = settings_of(server, folder, file, Language.EN)
        with pytest.raises(UsageError) as caught:
            await run_quietly(changed, resume=True)
        # What the run's language does not read is no other run.
        file.write_text(file.read_text(encoding="utf-8").replace("报修", "维修"), encoding="utf-8")
        policies.write_text(policies.read_text(encoding="utf-8").replace("30 days", "14 days"), encoding="utf-8")
        await run_quietly(settings_of(server, folder, file, Language.EN), resume=True)
    was, now = str(caught.value).split(", is ")
    assert was.partition("another configuration: ")[2].startswith('topics.acme-outage.company.policies was "Refunds')
    assert "paid within 14 days" in was and "paid within 30 days" in now


def test_what_is_judged_and_evaluated_depends_on_what_is_known_of_the_company(make_record: MakeRecord) -> None:
    plain = Labelled.of(make_record())
    topic = acme_topic(Language.EN)
    own = Labelled.of(make_record(topic=topic.code, own_topic=topic))
    other = Labelled.of(make_record(topic=topic.code, own_topic=topic.following("None.")))
    shop = Labelled.of(make_record(topic="online-order"))
    dialogues = (plain, own, other, shop)
    for digests in (
        [judgements_provenance(JudgeSettings(), [one], "m").digest for one in dialogues],
        [evaluations_provenance(EvaluateSettings(), [one], "m", "j").digest for one in dialogues],
    ):
        assert len(set(digests)) == 4


words = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=60).filter(str.strip)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=words, company=words, policies=words)
def test_whatever_is_written_reaches_record_row_and_reader(
    tmp_path: Path, make_record: MakeRecord, name: str, company: str, policies: str
) -> None:
    file = tmp_path / "own.toml"
    quote = [json.dumps(text, ensure_ascii=False) for text in (company, policies, name)]
    file.write_text(
        'group = "own"\n[company.en]\nname = {}\npolicies = {}\n'
        '[[topics]]\ncode = "own-topic"\n[topics.en]\nname = {}\nsentence = "It broke."\n'.format(*quote),
        encoding="utf-8",
    )
    (topic,) = choose_topics([str(file)], Language.EN)
    assert isinstance(topic, Topic)
    assert (topic.name, topic.company.name) == (" ".join(name.split()), " ".join(company.split()))
    assert topic.company.policies == policies.strip()
    record = make_record(topic=topic.code, own_topic=topic)
    assert Record.model_validate_json(record.model_dump_json()) == record
    (line,) = format_lines(record, Shape(format=Format.ROLECS), Limits())
    assert parse_dialogue(json.loads(line), "shard:1", "x").own_topic == topic


def test_a_topic_that_ships_leaves_no_trace_in_records_and_rows(make_record: MakeRecord) -> None:
    record = make_record()
    (line,) = format_lines(record, Shape(format=Format.ROLECS), Limits())
    assert "own_topic" not in record.model_dump_json() and "topic" not in json.loads(json.loads(line)["metadata"])


def test_chats_have_the_company_in_their_system_line(make_record: MakeRecord) -> None:
    topic = acme_topic(Language.EN)
    record = make_record(topic=topic.code, own_topic=topic)
    (line,) = format_lines(record, Shape(format=Format.MESSAGES), Limits())
    system = json.loads(line)["messages"][0]["content"]
    assert system.startswith("You are on the support line of Acme Broadband. Topic: outage at home. ")
    first, _, company = system.partition("\n\n")
    assert " Begin each turn with" in first and company.startswith("# Your company") and POLICY[Language.EN] in company
