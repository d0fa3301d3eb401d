"""The task `toolcrib_host:`: the pool's own script for this run, on one host.

The script goes over the connection's input, so nothing of it is in an argument or a file. What the host says goes to
the server over the run's socket and not into the task's result, which callbacks show.
"""

from __future__ import annotations

import os
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase

from toolcrib.machines.hosts.ansible.helper import ask

MOST = 256 * 1024 + 1


class ActionModule(ActionBase):  # type: ignore[misc]  # Ansible has no types
    TRANSFERS_FILES = False
    _requires_connection = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        variables = task_vars or {}
        result: dict[str, Any] = super().run(tmp, variables)
        if self._task.check_mode:
            return {**result, "skipped": True}
        said: dict[str, Any] = {"tell": "answer", "host": str(variables["inventory_hostname"])}
        is_done = False
        try:
            script = str(variables["toolcrib_script"])
            answer = self._low_level_execute_command("/bin/sh -s", in_data=script, executable="/bin/sh")
            said |= {name: answer[name][:MOST] for name in ("stdout", "stderr")}
        except AnsibleError as failure:
            is_unreachable = isinstance(failure, AnsibleConnectionFailure)
            said |= {"kind": "unreachable" if is_unreachable else "failed", "text": str(failure)[:MOST]}
            raise
        finally:
            is_done = ask(os.environ["TOOLCRIB_SOCKET"], said)
        return {**result, "changed": True, "failed": not is_done}
