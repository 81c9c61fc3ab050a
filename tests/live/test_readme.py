"""What the README says is so: its tour runs as it stands there, its table is the settings' own."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from app.settings.document import render_table
from tests.live.server import Server

README = Path("README.md").read_text()


def block(mark: str) -> str:
    found = re.search(rf"<!-- {mark} -->\n```sh\n(.*?)\n```", README, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_set_up_is_two_commands() -> None:
    assert block("run") == "pip install uv && uv run litestar run"
    assert block("test") == "pip install uv && uv run pytest"


def test_the_configuration_table_is_the_settings_own() -> None:
    table = README.partition("<!-- settings -->\n")[2].partition("\n<!-- /settings -->")[0]
    assert table == render_table().strip(), "run `uv run python -m app.settings table`"


def test_the_tour_runs_as_it_is_written(shared: Server, tmp_path: Path) -> None:
    script = block("tour").replace("http://127.0.0.1:8000", shared.url)
    done = subprocess.run(  # noqa: S603 -- what the README tells people to paste
        ["/bin/bash", "-eu", "-o", "pipefail", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    created, _, rest = done.stdout.partition("\n\n")
    assert created.startswith("HTTP/1.1 201 Created")
    assert 'etag: "1"' in created.lower()
    decoder = json.JSONDecoder()
    answers: list[dict[str, Any]] = []
    while rest:
        answer, end = decoder.raw_decode(rest)
        answers.append(answer)
        rest = rest[end:]
    written, completed, changed, refused = answers
    assert written["due"]["date"] == completed["completedOccurrence"]["scheduledFor"] == "2030-06-03"
    assert completed["todo"]["due"]["date"] == "2030-06-10"
    assert (changed["title"], changed["priority"], changed["version"]) == ("Water the roses", "high", 3)
    assert [issue["code"] for issue in refused["issues"]] == ["too_small", "invalid_format", "unrecognized_keys"]
    assert list(tmp_path.iterdir()) == []
