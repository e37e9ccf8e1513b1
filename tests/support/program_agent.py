"""An agent that is a program, for tests: it answers a JSON line with a JSON line, or badly, as its argument says."""

import json
import os
import sys

from tests.support.live_agent import say_well


def answer(how: str) -> None:
    """Answer what is told, soundly or not; "write" keeps what is told, and the environment, in the file named next."""
    if how == "die":
        sys.exit("no such model")
    for line in sys.stdin:
        told = json.loads(line)
        keys = sum(name.startswith("ROLECS_") for name in os.environ)
        sound = {"text": f"Answer {told['turn']} with {keys} keys of yours.", "ends_call": told["turn"] == 3}
        match how:
            case "sound":
                print(json.dumps(sound), flush=True)
            case "write":
                with open(sys.argv[2], "a", encoding="utf-8") as file:
                    file.write(json.dumps([line, dict(os.environ)]) + "\n")
                print(json.dumps({"text": say_well(told["messages"])}), flush=True)
            case "garbage":
                print("<html>", flush=True)
            case "flood":
                print(json.dumps({"text": "x" * 3_000_000}), flush=True)


if __name__ == "__main__":
    answer(sys.argv[1])
