"""Uploads an export to a dataset hub: its files and no others, private unless said otherwise.

Going on after a break costs nothing: what the hub's storage has already is not sent again.
"""

import os
from pathlib import Path

from agents.errors import UsageError, shorten
from agents.reading import read_text
from outputs.datasets.card import UNKNOWN_LICENSE
from outputs.datasets.manifest import MANIFEST, read_manifest
from outputs.datasets.trainers import DATASET_INFO
from outputs.datasets.verify import verify_export

CARD = "README.md"


def push_export(folder: Path, repository: str, *, public: bool = False, endpoint: str | None = None) -> str:
    """Upload an exported folder and return the address of its page. The token is what `HF_TOKEN` holds.

    Args:
        folder: an exported folder; it is verified first.
        repository: `owner/name` of the data set on the hub; made if it is not there.
        public: anybody may read it, if it is made now.
        endpoint: address of the hub; the one that `HF_ENDPOINT` names by default, or else huggingface.co.

    Raises:
        UsageError: the folder is no whole export, has no licence for the public, there is no token, or the hub refuses.
        OSError: the hub cannot be reached.
    """
    import httpx2
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    token = os.environ.get("HF_TOKEN")
    if not token:
        raise UsageError("HF_TOKEN is not set: make a token that may write at huggingface.co/settings/tokens")
    manifest = read_manifest(folder)
    if problem := next(verify_export(folder), None):
        raise UsageError(f"{folder} is not whole: {problem} (see rolecs verify)")
    if public and not _has_license(folder / CARD):
        raise UsageError(f"{folder / CARD} names no licence: set it before you publish")
    hub = HfApi(endpoint=endpoint, token=token)
    try:
        hub.create_repo(repository, repo_type="dataset", private=not public, exist_ok=True)
        done = hub.upload_folder(
            repo_id=repository,
            repo_type="dataset",
            folder_path=folder,
            allow_patterns=[CARD, MANIFEST, DATASET_INFO, *(shard.name for shard in manifest.files)],
            delete_patterns=["data/*", "rejected/*"],
            commit_message=f"Export of rolecs run {manifest.run}",
        )
    except HFValidationError as error:
        raise UsageError(f"{repository!r} is no name of a repository: {shorten(str(error))}") from None
    except (httpx2.TransportError, RuntimeError) as error:  # of its storage, by either protocol
        raise ConnectionError(f"the hub cannot be reached: {error.__cause__ or error}") from error
    except HfHubHTTPError as error:
        raise UsageError(f"the hub refuses {repository}: {shorten(str(error))}") from None
    return str(done.repo_url)


def _has_license(card: Path) -> bool:
    """Tell whether the head of a card, which people may have written anew, names a licence."""
    head = read_text(card).partition("---")[2].partition("---")[0]
    return "license:" in head and f"license: {UNKNOWN_LICENSE}" not in head
