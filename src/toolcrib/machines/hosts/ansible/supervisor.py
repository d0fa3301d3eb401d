"""The process of one run of Ansible: it starts ansible-runner, tells what happened, and leaves nothing behind.

It reads one line of JSON on its input: what to run. When its input ends, because the server has enough or is gone, or
at the deadline, it kills all that the run has started, and removes the run's folder. Ansible's workers and ssh are in
sessions of their own, so no signal to a group reaches all of them: the processes that descend from this one are found
one by one, and those whose parent has ended are this one's.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import shutil
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

PR_SET_CHILD_SUBREAPER = 36
KILL_SECONDS = 10
TEXT = 16 * 1024
_TOLD = {"runner_on_ok": "ok", "runner_on_failed": "failed", "runner_on_unreachable": "unreachable"}


def main() -> None:
    # Unbuffered: the watching thread waits for what comes after this line.
    task: dict[str, Any] = json.loads(_line(0))
    folder = Path(task["folder"])
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    threading.Thread(target=_watch, args=(folder, time.monotonic() + task["seconds"]), daemon=True).start()

    try:
        _run(folder / "run", task)
    except Exception as broken:  # noqa: BLE001 - the server tells it for each host
        _said(f"ansible-runner: {broken}")
    _end_all()


def _run(private: Path, task: dict[str, Any]) -> None:
    import ansible_runner  # noqa: PLC0415 - slow, and the watch has to stand before

    private.mkdir()
    ansible_runner.run(
        private_data_dir=str(private),
        playbook=task["playbook"],
        inventory=str(private.parent / "hosts.toolcrib"),
        envvars=task["environment"],
        forks=task["forks"],
        quiet=True,
        suppress_env_files=True,
        settings={"suppress_output_file": True, "suppress_ansible_output": True, "pexpect_timeout": 0.2},
        event_handler=_tell,
    )


def _line(descriptor: int) -> bytes:
    line = b""
    while not line.endswith(b"\n") and (byte := os.read(descriptor, 1)):
        line += byte
    return line


def _watch(folder: Path, deadline: float) -> None:
    select.select([0], [], [], max(0, deadline - time.monotonic()))
    _end_all()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


def _tell(event: dict[str, Any]) -> bool:
    """Write one line for each result of a host, and for what Ansible itself says. Returns False: no event is kept."""
    data = event.get("event_data") or {}
    if (what := _TOLD.get(event["event"])) is not None and not data.get("ignore_errors"):
        result = data.get("res") or {}
        text = result.get("msg") or result.get("censored") or ""
        said = [result.get(name) for name in ("stdout", "stderr", "module_stdout", "module_stderr")]
        output = "\n".join(one for one in said if isinstance(one, str) and one)
        _write({"host": data.get("host"), "what": what, "text": str(text)[:TEXT], "output": output[-TEXT:]})
    elif event["event"] in ("verbose", "error") and event.get("stdout"):
        _said(event["stdout"])
    return False


def _said(text: str) -> None:
    _write({"host": None, "what": "said", "text": text[:TEXT], "output": ""})


def _write(line: dict[str, Any]) -> None:
    with suppress(OSError):
        os.write(1, json.dumps(line).encode() + b"\n")


def _end_all() -> None:
    """Kill every process that descends from this one."""
    give_up = time.monotonic() + KILL_SECONDS
    while (living := _descendants()) and time.monotonic() < give_up:
        for pid in living:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


def _descendants() -> set[int]:
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent = entry.read_text(errors="replace").rpartition(")")[2].split()[:2]
            if state not in "ZX":
                parents[int(entry.parent.name)] = int(parent)
    found = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {os.getpid()}


if __name__ == "__main__":
    main()
