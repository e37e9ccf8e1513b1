"""An agent that is a program, for tests: it answers a JSON line with a JSON line, or badly, as its argument says.

"parent" starts a child that does not end by itself, whose id it writes to the file named next, and adds a line at the
end of its input.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.support.live_agent import say_well


def answer(how: str) -> None:
    """Answer what is told, soundly or not; "write" keeps what is told, and the environment, in the file named next."""
    if how == "die":
        sys.exit("no such model")
    if how == "parent":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], stdout=subprocess.DEVNULL)
        Path(sys.argv[2]).write_text(f"{child.pid}\n", encoding="utf-8")
    for line in sys.stdin:
        told = json.loads(line)
        keys = sum(name.startswith("ROLECS_") for name in os.environ)
        sound = {"text": f"Answer {told['turn']} with {keys} keys of yours.", "ends_call": told["turn"] == 3}
        match how:
            case "sound" | "parent":
                print(json.dumps(sound), flush=True)
            case "write":
                with open(sys.argv[2], "a", encoding="utf-8") as file:
                    file.write(json.dumps([line, dict(os.environ)]) + "\n")
                print(json.dumps({"text": say_well(told["messages"])}), flush=True)
            case "garbage":
                print("<html>", flush=True)
            case "flood":
                print(json.dumps({"text": "x" * 3_000_000}), flush=True)
    if how == "parent":
        with open(sys.argv[2], "a", encoding="utf-8") as file:
            file.write("the end\n")


if __name__ == "__main__":
    answer(sys.argv[1])
