"""An agent that is a program, for tests: it answers a JSON line with a JSON line, or badly, as its argument says."""

import json
import os
import sys


def answer(how: str) -> None:
    """Answer what is told, soundly or not."""
    if how == "die":
        sys.exit("no such model")
    for line in sys.stdin:
        told = json.loads(line)
        keys = sum(name.startswith("ROLECS_") for name in os.environ)
        sound = {"text": f"Answer {told['turn']} with {keys} keys of yours.", "ends_call": told["turn"] == 3}
        match how:
            case "sound":
                print(json.dumps(sound), flush=True)
            case "garbage":
                print("<html>", flush=True)
            case "flood":
                print(json.dumps({"text": "x" * 3_000_000}), flush=True)


if __name__ == "__main__":
    answer(sys.argv[1])
