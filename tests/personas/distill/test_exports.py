"""Exports of contact centres, help desks, recognisers and messengers: both sides are read, and nobody else's words."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from agents.csc.speakers import Speaker, plain_name
from personas.distill.forms.call import Broken
from personas.distill.transcripts import Reading, ThirdVoices, Transcript, read_transcripts


class Export(NamedTuple):
    """What an export holds, a text or a JSON value; what is read of the sides; who is left out; who is on a side."""

    content: Any
    read: list[str]
    third: frozenset[str] = frozenset()
    agent: str = ""
    customer: str = ""


HELLO, CARD = "Hello, this is Acme.", "My card was declined."
BOTH = [HELLO, CARD]
WORDS = [{"word": "Hello,", "speaker": 0}, {"word": "this", "speaker": 0}]
JSON = {
    "Genesys Cloud": Export(
        {"transcripts": [{"phrases": [
            {"text": "For English press 1.", "participantPurpose": "ivr"},
            {"text": HELLO, "participantPurpose": "internal"}, {"text": CARD, "participantPurpose": "external"}]}]},
        BOTH, frozenset({"ivr"}),
    ),
    "Genesys messages": Export(
        {"id": "r1", "messagingTranscript": [
            {"from": "0a1b", "purpose": "workflow", "messageText": "Rate us."},
            {"from": "77e1", "fromExternalContact": {"id": "e", "firstName": "Ann"}, "messageText": CARD},
            {"from": "91c2", "fromUser": {"id": "u", "name": "Bo Li"}, "messageText": HELLO}]},
        [CARD, HELLO], frozenset({"0a1b"}),
    ),
    "Genesys messages, by purpose": Export(
        {"messagingTranscript": [{"from": "91c2", "purpose": "agent", "messageText": HELLO},
                                 {"from": "77e1", "purpose": "customer", "messageText": CARD}]}, BOTH,
    ),
    "Zendesk ticket without users": Export(
        {"id": 7, "requester_id": 11, "assignee_id": 22, "comments": [
            {"author_id": 11, "body": CARD}, {"author_id": 22, "body": HELLO}, {"author_id": 33, "body": "No."}]},
        [CARD, HELLO], frozenset({"33"}),
    ),
    "AWS Transcribe": Export(
        {"results": {
            "transcripts": [{"transcript": f"{HELLO} {CARD}"}],
            "items": [{"speaker_label": "spk_0", "alternatives": [{"content": "Hello", "confidence": "0.9"}]}],
            "audio_segments": [
                {"transcript": HELLO, "speaker_label": "spk_0"}, {"transcript": CARD, "speaker_label": "spk_1"}]}},
        BOTH, agent="spk_0", customer="spk_1",
    ),
    "AWS Transcribe, words alone": Export(
        {"results": {"items": [
            {"speaker_label": "spk_0", "alternatives": [{"content": "Hello"}, {"content": "Hollow"}]},
            {"speaker_label": "spk_1", "alternatives": [{"content": "Card"}]}]}},
        ["Hello", "Card"], agent="spk_0", customer="spk_1",
    ),
    "Deepgram": Export(
        {"results": {"channels": [{"alternatives": [{"transcript": f"{HELLO} {CARD}", "words": WORDS}]}],
                     "utterances": [{"transcript": HELLO, "speaker": 0, "channel": 0, "words": WORDS},
                                    {"transcript": CARD, "speaker": 1, "channel": 0, "words": WORDS}]}},
        BOTH, agent="0", customer="1",
    ),
    "Google Speech-to-Text": Export(
        {"results": [
            {"channelTag": 1, "alternatives": [{"transcript": HELLO, "confidence": 0.9}, {"transcript": "Hollow"}]},
            {"channelTag": 2, "alternatives": [{"transcript": CARD, "confidence": 0.8}]}]},
        BOTH, agent="1", customer="2",
    ),
    "AssemblyAI": Export(
        {"id": "7", "text": f"{HELLO} {CARD}", "words": [{"text": "Hello,", "speaker": "A"}],
         "utterances": [{"speaker": "A", "text": HELLO}, {"speaker": "B", "text": CARD}]},
        BOTH, agent="A", customer="B",
    ),
    "Twilio Intelligence": Export(
        {"sentences": [{"media_channel": 1, "transcript": HELLO}, {"media_channel": 2, "transcript": CARD}]},
        BOTH, agent="1", customer="2",
    ),
    "Gong": Export(
        {"callTranscripts": [{"callId": "7", "transcript": [
            {"speakerId": "64", "sentences": [{"start": 1, "text": "Hello,"}, {"text": "this is Acme."}]},
            {"speakerId": "65", "sentences": [{"text": CARD}]}]}]},
        BOTH, agent="64", customer="65",
    ),
    "FunASR": Export(
        [{"key": "a", "text": "您好我的卡",
          "sentence_info": [{"text": "您好", "spk": 0}, {"text": "我的卡", "spk": 1}]}],
        ["您好", "我的卡"], agent="0", customer="1",
    ),
    "Alibaba": Export(
        {"Transcription": {"Paragraphs": [
            {"SpeakerId": "1", "Words": [{"Text": "您好，"}, {"Text": "请"}, {"Text": "讲。"}]},
            {"SpeakerId": "2", "Words": [{"Text": "我的卡"}]}]}},
        ["您好， 请讲。", "我的卡"], agent="1", customer="2",
    ),
    "Tencent Cloud": Export(
        {"Data": {"ResultDetail": [
            {"FinalSentence": "您好", "SpeakerId": 0}, {"FinalSentence": "我的卡", "SpeakerId": 1}]}},
        ["您好", "我的卡"], agent="0", customer="1",
    ),
    "Zendesk tickets": Export(
        {"comments": [
            {"author_id": 11, "body": CARD, "public": True}, {"author_id": 22, "body": HELLO, "public": True},
            {"author_id": 22, "body": "They lie.", "public": False}],
         "users": [{"id": 11, "role": "end-user"}, {"id": 22, "role": "agent"}]},
        [CARD, HELLO], frozenset({"internal note"}),
    ),
    "Intercom": Export(
        {"conversation_parts": {"conversation_parts": [
            {"body": f"<p>{CARD}</p>", "author": {"type": "user"}},
            {"body": "<p>Rate us</p>", "author": {"type": "bot"}},
            {"body": "<p>Hello, this is <b>Acme</b>.<br></p>", "author": {"type": "admin"}},
            {"body": None, "author": {"type": "admin"}}]}},
        [CARD, "Hello, this is Acme ."], frozenset({"bot"}),
    ),
    "Freshchat": Export(
        {"messages": [{"actor_type": "user", "message_parts": [{"text": {"content": CARD}}]},
                      {"actor_type": "agent", "message_parts": [{"text": {"content": HELLO}}]}]},
        [CARD, HELLO],
    ),
    "Freshdesk": Export(
        [{"id": 7, "conversations": [{"body_text": CARD, "incoming": True}, {"body_text": HELLO, "incoming": False},
                                     {"body_text": "They lie.", "incoming": False, "private": True}]}],
        [CARD, HELLO], frozenset({"internal note"}),
    ),
    "LivePerson": Export(
        {"messageRecords": [
            {"type": "TEXT_PLAIN", "messageData": {"msg": {"text": CARD}}, "sentBy": "Consumer"},
            {"type": "TEXT_PLAIN", "messageData": {"msg": {"text": HELLO}}, "sentBy": "Agent"}]}, [CARD, HELLO],
    ),
    "HubSpot": Export(
        {"results": [{"type": "MESSAGE", "text": CARD, "direction": "INCOMING", "senders": [{"actorId": "V-1"}]},
                     {"type": "MESSAGE", "text": HELLO, "direction": "OUTGOING", "senders": [{"actorId": "A-7"}]}]},
        [CARD, HELLO],
    ),
    "NICE CXone": Export(
        {"messages": [{"direction": "inbound", "messageContent": {"text": CARD}},
                      {"direction": "outbound", "messageContent": {"text": HELLO}}]}, [CARD, HELLO],
    ),
    "Gorgias": Export(
        {"messages": [{"from_agent": False, "body_text": CARD, "sender": {"id": 1}},
                      {"from_agent": True, "body_text": HELLO, "sender": {"id": 2}}]}, [CARD, HELLO],
    ),
    "Crisp": Export(
        [{"from": "user", "type": "text", "content": CARD},
         {"from": "operator", "type": "note", "content": "They lie."},
         {"from": "operator", "type": "text", "content": HELLO}], [CARD, HELLO], frozenset({"internal note"}),
    ),
    "Front": Export(
        {"_results": [{"is_inbound": True, "body": f"<div>{CARD}</div>", "author": None},
                      {"is_inbound": False, "body": HELLO, "author": {"username": "ann"}}]}, [CARD, HELLO],
    ),
    "Salesforce": Export(
        {"Id": "570", "Body": "<p align=\"center\">Chat Started: Friday</p>( 2s ) Agent: Hello, this is Acme.<br>"
                              "( 1m 12s ) Visitor: My card was declined.<br>"},
        BOTH, frozenset({"Chat Started"}),
    ),
    "Rasa": Export(
        {"sender_id": "7", "events": [{"event": "action", "name": "action_listen"}, {"event": "user", "text": CARD},
                                      {"event": "slot", "name": "x", "value": "y"}, {"event": "bot", "text": HELLO}]},
        [CARD, HELLO], frozenset({"x"}), agent="bot",
    ),
    "LangChain": Export(
        [{"type": "human", "data": {"content": CARD}}, {"type": "ai", "data": {"content": HELLO}}],
        [CARD, HELLO], agent="ai",
    ),
    "Gemini": Export(
        {"contents": [{"role": "user", "parts": [{"text": CARD}]}, {"role": "model", "parts": [{"text": HELLO}]}]},
        [CARD, HELLO], agent="model",
    ),
    "ChatGPT": Export(
        [{"title": "t", "mapping": {
            "a": {"id": "a", "message": {"author": {"role": "user"}, "content": {"parts": [CARD]}}},
            "b": {"id": "b", "message": {"author": {"role": "assistant"}, "content": {"parts": [HELLO]}}}}}],
        [CARD, HELLO],
    ),
    "Qiyu": Export(
        [{"sessionId": 7, "msgList": [{"fromUser": 1, "msg": "我的卡"}, {"fromUser": 0, "msg": "您好"}]}],
        ["我的卡", "您好"], agent="0", customer="1",
    ),
}  # fmt: skip
TEXTS = {
    "Rev": Export(
        f"Agent (00:03):\n{HELLO}\n\nCustomer (00:08):\n{CARD}\n\nSupervisor (00:20):\nNo.\n",
        BOTH, frozenset({"Supervisor"}),
    ),
    "Otter": Export(
        f"Jane Doe  0:03\n{HELLO}\n\nJohn Roe  0:08\n{CARD}\n\nTranscribed by https://otter.ai\n",
        BOTH, frozenset({"nobody named"}), "Jane Doe", "John Roe",
    ),
    "WhatsApp on iOS": Export(
        f"\u200e[05.01.24, 10:22:33] Agent: Hello, \u200ethis is Acme.\n[05.01.24, 10:22:40] Customer: {CARD}\n"
        "\u200e[05.01.24, 10:22:41] Customer: \u200eimage omitted\n",
        BOTH,
    ),
    "WhatsApp on Android": Export(
        "05/01/2024, 10:22 - Messages and calls are end-to-end encrypted. No one can read them.\n"
        f"05/01/2024, 10:22\u202fam - Agent: {HELLO}\n05/01/2024, 10:23\u202fam - Customer: <Media omitted>\n"
        f"05/01/2024, 10:23\u202fam - Customer: {CARD}\n",
        BOTH, frozenset({"nobody named"}),
    ),
    "Zendesk chat": Export(
        f"(10:22:03) Agent: {HELLO}\n(10:22:10) Visitor 4432: {CARD}\n(10:22:14) *** Visitor 4432 has left ***\n",
        BOTH, frozenset({"nobody named"}),
    ),
    "joined": Export(
        f"Agent: {HELLO}\nCustomer: {CARD}\nTom Lowe (Tier 2) has joined the chat.\n", BOTH, frozenset({"nobody named"})
    ),
    "a bot, by angles": Export(f"Bot> Rate us.\nAgent> {HELLO}\nCustomer> {CARD}\n", BOTH, frozenset({"Bot"})),
    "quoted": Export(f">> Agent: {HELLO}\n>> Customer: {CARD}\n", BOTH),
    "numbered": Export(f"1. Agent: {HELLO}\n2. Customer: {CARD}\n3. IVR: Press 1.\n", BOTH, frozenset({"IVR"})),
    "numbers of lines": Export(f"0001 Agent: {HELLO}\n0002 Customer: My card\n0003 was declined.\n", BOTH),
    "tiers": Export(f"Agent (Tier 1): {HELLO}\nCustomer: {CARD}\nIVR: Press 1.\n", BOTH, frozenset({"IVR"})),
    "brackets and a colon": Export(
        f"[Agent]: {HELLO}\n[Customer]: {CARD}\n[Speaker 3]: No.\n", BOTH, frozenset({"Speaker 3"})
    ),
    "things that are listed": Export(
        "Agent: Which one?\nOption A: a refund\nCustomer: It is\nOrder number: [AccountNumber]\nAlso: it broke.\n",
        ["Which one? Option A: a refund", "It is Order number: [AccountNumber] Also: it broke."],
    ),
    "an address": Export("Agent: Where?\nCustomer: It is\n12 Main Street\n", ["Where?", "It is 12 Main Street"]),
    "iFlytek": Export(
        "【客服】 00:00:01\n您好。\n【客户】 00:00:05\n我的卡。\n【质检】 00:00:09\n合格。\n",
        ["您好。", "我的卡。"], frozenset({"质检"}),
    ),
    "iFlytek, by numbers": Export(
        "说话人1 00:00:01\n您好。\n说话人2 00:00:05\n我的卡。\n",
        ["您好。", "我的卡。"], agent="说话人1", customer="说话人2",
    ),
    "WeCom": Export(
        "客服001 2024/1/5 10:22:33\n您好。\n\n张三@微信 2024/1/5 10:22:40\n我的卡。\n李四 加入了群聊\n",
        ["您好。", "我的卡。"], frozenset({"nobody named"}), customer="张三@微信",
    ),
    "转接": Export(
        "客服：您好。\n客户：我的卡。\n转接员：请稍等。\n质检：合格。\n",
        ["您好。", "我的卡。"], frozenset({"转接员", "质检"}),
    ),
}  # fmt: skip


def read(tmp_path: Path, export: Export, name: str) -> tuple[list[str], set[str]]:
    content = export.content if isinstance(export.content, str) else json.dumps(export.content, indent=1)
    (tmp_path / name).write_text(content, encoding="utf-8")
    told = {export.agent: Speaker.SUPPORTER, export.customer: Speaker.CUSTOMER}
    sides = {plain_name(name): side for name, side in told.items() if name}
    found = list(read_transcripts([str(tmp_path / name)], Reading(sides)))
    assert not [str(item) for item in found if isinstance(item, Broken)]
    (call,) = (item for item in found if isinstance(item, Transcript))
    first = Speaker.CUSTOMER if call.lines[0].text in (CARD, "我的卡") else Speaker.SUPPORTER
    assert call.lines[0].speaker is first
    return [line.text for line in call.lines], {
        name for item in found if isinstance(item, ThirdVoices) for name in item.utterances
    }


@pytest.mark.parametrize("name", JSON)
def test_an_export_in_json_is_read(name: str, tmp_path: Path) -> None:
    assert read(tmp_path, JSON[name], "call.json") == (JSON[name].read, JSON[name].third)


@pytest.mark.parametrize("name", TEXTS)
def test_an_export_in_text_is_read(name: str, tmp_path: Path) -> None:
    assert read(tmp_path, TEXTS[name], "call.txt") == (TEXTS[name].read, TEXTS[name].third)


@pytest.mark.parametrize("name", [name for name, export in (JSON | TEXTS).items() if export.agent])
def test_where_nobody_is_known_the_names_are_told(name: str, tmp_path: Path) -> None:
    export = (JSON | TEXTS)[name]
    content = export.content if isinstance(export.content, str) else json.dumps(export.content)
    (tmp_path / "call").write_text(content, encoding="utf-8")
    (broken,) = read_transcripts([str(tmp_path / "call")])
    assert isinstance(broken, Broken)
    assert export.agent in str(broken) or "this is a JSON" in str(broken)


def test_two_agents_by_remark_are_asked_about(tmp_path: Path) -> None:
    (tmp_path / "call.txt").write_text("Agent (Tier 1): Hello.\nCustomer: My card.\nAgent (Tier 2): I take over.\n")
    (broken,) = read_transcripts([str(tmp_path / "call.txt")])
    assert "nobody in it is known as the agent; the names are Agent (Tier 1), Customer, Agent (Tier 2)" in str(broken)
