"""What a journal's file may hold: nothing that was not written is ever read from it."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutations import mutated_json

from prunekit.core.search import Journal, JournalError

BEGUN = {"program": "0.2", "algorithm": {"name": "Any", "version": 1}, "lag": 3, "metric": "accuracy"}
RESULT = {
    "status": "ok",
    "metric": {"value": 0.75, "error": None, "loss": 0.1 + 0.2, "figures": {"correct": 3}, "samples": 4},
    "reward": -1e-300,
    "message": "",
    "reward_error": 0,
}
ENTRIES = (
    {"event": "ask", "id": 0, "counts": [1, 2], "ratios": [1 / 3, 1.0]},
    {"event": "ask", "id": 1, "counts": [2, 2], "ratios": [2 / 3, 1.0]},
    {"event": "lost", "id": 0, "message": "killed by signal 9"},
    {"event": "tell", "id": 1, "result": RESULT, "measured": {"run": 0.5}},
    {"event": "tell", "id": 0, "result": {**RESULT, "reward": -0.5}, "measured": {}},
)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "journal"
    with Journal(path) as journal:
        journal.begin(BEGUN)
        for entry in ENTRIES:
            journal.append(entry)
    return path


def entries(path):
    with Journal(path) as journal:
        return journal.entries


def test_what_was_written_is_read(path):
    assert entries(path) == ENTRIES
    with Journal(path) as journal:
        assert journal.results == 2
        journal.begin({**BEGUN, "program": "0.3"})  # another version of the program alone changes nothing
        journal.append({"event": "ask", "id": 2})
    assert entries(path) == (*ENTRIES, {"event": "ask", "id": 2})


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32))
def test_whatever_is_done_to_it_it_holds_what_was_written_or_is_refused(path, seed):
    written = path.read_bytes()
    try:
        path.write_bytes(mutated_json(written, random.Random(seed)))
        found = entries(path)
    except JournalError as problem:
        assert str(problem).startswith(str(path))
    else:
        assert found == ENTRIES[: len(found)]
    finally:
        path.write_bytes(written)


def test_every_line_that_is_left_out_or_moved_is_found(path):
    lines = path.read_bytes().splitlines(keepends=True)
    for place in range(1, len(lines) - 1):
        path.write_bytes(b"".join(lines[:place] + lines[place + 1 :]))
        with pytest.raises(JournalError, match=rf"journal:{place + 1}: the line's check does not fit"):
            Journal(path)
        path.write_bytes(b"".join([*lines[:place], lines[place + 1], lines[place], *lines[place + 2 :]]))
        with pytest.raises(JournalError, match=rf"journal:{place + 1}: the line's check does not fit"):
            Journal(path)


def test_another_first_line_is_found(path):
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([lines[0].replace('"lag": 3', '"lag": 1'), *lines[1:]]))
    with pytest.raises(JournalError, match=r"journal:1: the line's check does not fit"):
        Journal(path)


def test_spaces_and_the_order_of_keys_are_free(path):
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(line, sort_keys=True, separators=(",", ":")) + "\n" for line in lines))
    assert entries(path) == ENTRIES


@pytest.mark.parametrize(
    "torn", [b"", b'{"event": "sta', b'{"event": "start", "format": "prunekit.search-journal", "ver']
)
def test_a_torn_first_line_is_begun_anew(tmp_path, torn):
    path = tmp_path / "journal"
    path.write_bytes(torn)
    with Journal(path) as journal:
        journal.begin(BEGUN)
    assert path.read_bytes().startswith(b'{"event": "start"') and entries(path) == ()


def test_zeros_of_a_power_cut_are_cut_off(path):
    written = path.read_bytes()
    path.write_bytes(written + b"\0" * 40 + b"\n")
    assert entries(path) == ENTRIES and path.read_bytes() == written


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"lag": 1}, "with lag 3; this is prunekit 0.2 with lag 1, which"),
        ({"metric": "mAP"}, "with metric accuracy; this is prunekit 0.2 with metric mAP, which"),
        ({"algorithm": {"name": "Any", "version": 2}}, "with Any version 1; this is prunekit 0.2 with Any version 2,"),
    ],
)
def test_it_goes_on_with_what_it_was_begun_by(path, change, said):
    with Journal(path) as journal, pytest.raises(JournalError, match=r"was begun by prunekit 0\.2 ") as caught:
        journal.begin({**BEGUN, **change})
    assert said in str(caught.value)
