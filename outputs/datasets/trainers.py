"""What other trainers need to be told of an export: LLaMA-Factory's `dataset_info.json`, and a snippet for axolotl."""

from typing import Any

from outputs.datasets.formats import Format
from outputs.datasets.manifest import Manifest

DATASET_INFO = "dataset_info.json"
DATA_FOLDER = "data"
_CHAT_TAGS = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
    "system_tag": "system",
}
_LLAMA_FACTORY: dict[Format, dict[str, Any]] = {
    Format.MESSAGES: {"columns": {"messages": "messages"}, "tags": _CHAT_TAGS},
    Format.SHAREGPT: {"columns": {"messages": "conversations", "system": "system"}},
}
"""How LLaMA-Factory reads the formats that it can: both are what it calls sharegpt."""
_AXOLOTL: dict[Format, str] = {
    Format.MESSAGES: """\
    field_messages: messages
    message_property_mappings: {role: role, content: content}""",
    Format.SHAREGPT: """\
    field_messages: conversations
    field_system: system
    message_property_mappings: {role: from, content: value}
    roles: {assistant: [gpt], user: [human]}""",
}


def dataset_info(manifest: Manifest) -> dict[str, Any]:
    """Return what `dataset_info.json` says: a data set named `rolecs`; empty where the format is none of its."""
    how = _LLAMA_FACTORY.get(manifest.shape.format)
    if how is None or not manifest.shards:
        return {}
    return {"rolecs": {"file_name": DATA_FOLDER, "formatting": "sharegpt", **how}}


def axolotl_snippet(manifest: Manifest) -> str:
    """Return the part of an axolotl configuration that reads the export; empty where it cannot read the format."""
    fields = _AXOLOTL.get(manifest.shape.format)
    if fields is None or not manifest.shards:
        return ""
    kind = "parquet" if manifest.shards[0].name.endswith(".parquet") else "json"
    return f"""\
datasets:
  - path: {DATA_FOLDER}
    ds_type: {kind}
    type: chat_template
{fields}
    roles_to_train: ["assistant"]"""
