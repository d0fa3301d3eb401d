"""LibreOffice, driven by commands on standard input, one to a line; each is answered by one line of JSON.

Run by the system's Python, which has LibreOffice's `uno`; the tests' own has not.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import traceback
from typing import Any

import uno  # type: ignore[import-not-found]
import unohelper  # type: ignore[import-not-found]
from com.sun.star.beans import PropertyValue  # type: ignore[import-not-found]
from com.sun.star.task import XInteractionHandler2  # type: ignore[import-not-found]

START_SECONDS = 60


class Person(unohelper.Base, XInteractionHandler2):  # type: ignore[misc]
    """Answers what LibreOffice asks: with a name and password, else with the first thing it may approve."""

    def __init__(self, username: str, password: str) -> None:
        self.username, self.password = username, password
        self.asked: list[str] = []

    def handle(self, request: Any) -> None:
        self.handleInteractionRequest(request)

    def handleInteractionRequest(self, request: Any) -> bool:
        continuations = list(request.getContinuations())
        for each in continuations:
            if hasattr(each, "setPassword"):
                each.setUserName(self.username)
                each.setPassword(self.password)
                each.select()
                return True
        self.asked.append(_name(request))
        for each in continuations:
            if "XInteractionApprove" in str(each):
                each.select()
                return True
        return False


def _name(request: Any) -> str:
    try:
        return str(request.getRequest())
    except BaseException as error:  # noqa: BLE001 - exceptions as values confuse the bridge
        return f"{type(error).__name__}: {error}"


def _property(name: str, value: Any) -> Any:
    found = PropertyValue()
    found.Name, found.Value = name, value
    return found


def _connect(port: str) -> Any:
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            return resolver.resolve(f"uno:socket,host=127.0.0.1,port={port};urp;StarOffice.ComponentContext")
        except Exception:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)  # the office says nowhere that it listens now


def main(port: str, profile: str, username: str, password: str) -> None:
    office = subprocess.Popen(
        [
            "soffice",
            "--headless",
            "--norestore",
            "--nologo",
            f"-env:UserInstallation=file://{profile}",
            f"--accept=socket,host=127.0.0.1,port={port};urp;",
        ],
        stdout=sys.stderr,
        stderr=sys.stderr,
    )
    try:
        context = _connect(port)
        desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
        person = Person(username, password)
        document: Any = None
        for line in sys.stdin:
            command, _, rest = line.strip().partition(" ")
            answer: dict[str, Any] = {}
            try:
                if command == "open":
                    options = (
                        _property("Hidden", True),
                        _property("InteractionHandler", person),
                        _property("AuthenticationHandler", person),
                    )
                    document = desktop.loadComponentFromURL(rest, "_blank", 0, options)
                    answer["readonly"] = document.isReadonly()
                    answer["text"] = document.Text.getString()
                elif command == "change":
                    document.Text.setString(rest)
                elif command == "store":
                    document.store()
                elif command == "close":
                    document.close(True)
                elif command == "quit":
                    return
            except BaseException as error:  # noqa: BLE001 - the test judges it
                traceback.print_exc()
                answer["error"] = str(error)
            answer["asked"] = person.asked
            print(json.dumps(answer), flush=True)
    finally:
        office.terminate()
        office.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
