"""A loopback hub that takes data sets: enough of huggingface.co's protocol for huggingface_hub to upload a folder."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass
class Hub:
    """What the hub holds, and how it fails: `refuse` is the status that it answers commits with."""

    url: str = ""
    repositories: dict[str, dict[str, Any]] = field(default_factory=dict)
    stored: dict[str, bytes] = field(default_factory=dict)
    """What its large storage holds, by SHA-256."""
    uploads: list[str] = field(default_factory=list)
    """The SHA-256 of all that was sent to the large storage, in order."""
    tokens: set[str] = field(default_factory=set)
    refuse: int | None = None

    def files(self, repository: str) -> dict[str, bytes]:
        return dict(self.repositories[repository]["files"])


class _Handler(BaseHTTPRequestHandler):
    hub: Hub

    def log_message(self, *_: Any) -> None:
        pass

    def _answer(self, body: Any, status: int = 200) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _read(self) -> bytes:
        self.hub.tokens.add(self.headers.get("Authorization", ""))
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def do_GET(self) -> None:
        self._read()
        parts = urlsplit(self.path).path.split("/")
        if len(parts) > 5 and parts[5] == "tree":
            files = self.hub.repositories["/".join(parts[3:5])]["files"]
            self._answer([{"type": "file", "path": path, "size": 1, "oid": "0" * 40} for path in files])
        elif parts[2] == "datasets":
            self._answer({"id": "/".join(parts[3:5]), "sha": "0" * 40, "siblings": []})
        else:
            self._answer({}, 404)

    def do_PUT(self) -> None:
        oid = self.path.rsplit("/", 1)[1]
        self.hub.stored[oid] = self._read()
        self.hub.uploads.append(oid)
        self._answer({})

    def do_POST(self) -> None:
        data = self._read()
        path = urlsplit(self.path).path
        if path == "/api/repos/create":
            told = json.loads(data)
            name = f"{told['organization']}/{told['name']}"
            known = name in self.hub.repositories
            self.hub.repositories.setdefault(name, {"visibility": told.get("visibility"), "files": {}})
            self._answer({"url": f"{self.hub.url}/datasets/{name}", "name": name}, 409 if known else 200)
        elif path == "/api/validate-yaml":
            self._answer({"errors": [], "warnings": []})
        elif "/preupload/" in path:
            # Shards are large files, all else is sent with the commit.
            self._answer(
                {
                    "files": [
                        {
                            "path": file["path"],
                            "uploadMode": "lfs" if "/" in file["path"] else "regular",
                            "shouldIgnore": False,
                        }
                        for file in json.loads(data)["files"]
                    ]
                }
            )
        elif path.endswith("/info/lfs/objects/batch"):
            objects = [
                {"oid": wanted["oid"], "size": wanted["size"]}
                | (
                    {}
                    if wanted["oid"] in self.hub.stored
                    else {"actions": {"upload": {"href": f"{self.hub.url}/lfs/{wanted['oid']}"}}}
                )
                for wanted in json.loads(data)["objects"]
            ]
            self._answer({"transfer": "basic", "objects": objects})
        elif "/commit/" in path:
            self._commit("/".join(path.split("/")[3:5]), data)
        else:
            self._answer({}, 404)

    def _commit(self, repository: str, data: bytes) -> None:
        if self.hub.refuse:
            self._answer({"error": "you may not write here"}, self.hub.refuse)
            return
        files = self.hub.repositories[repository]["files"]
        for line in map(json.loads, data.decode().splitlines()):
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.hub.stored[value["oid"]]
            elif line["key"] == "deletedFile":
                del files[value["path"]]
        page = f"{self.hub.url}/datasets/{repository}"
        self._answer({"commitUrl": f"{page}/commit/{'1' * 40}", "commitOid": "1" * 40})


@contextmanager
def serve_hub() -> Iterator[Hub]:
    """Run the hub in a thread of this process."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
