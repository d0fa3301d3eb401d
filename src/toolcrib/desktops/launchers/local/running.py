"""Starting and ending desktops, one step after another, so that a crash after any step leaves something that the next
call finds and puts right."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import structlog

from toolcrib.desktops.launchers.launcher import (
    LauncherDown,
    LauncherError,
    LauncherRefused,
    Phase,
    Report,
    Wanted,
)
from toolcrib.desktops.launchers.local import homes, programs, sandbox
from toolcrib.desktops.launchers.local.folders import Folders, locked, sync_folder
from toolcrib.desktops.launchers.local.limits import Group, quantity_bytes
from toolcrib.desktops.launchers.local.listening import listen
from toolcrib.desktops.launchers.local.processes import (
    MARK,
    Identity,
    boot_id,
    end_all,
    identify,
    marked,
    programs_in,
    sandbox_of,
    send,
    wait_for_end,
)
from toolcrib.desktops.launchers.local.record import FILE, Record, now, read_record
from toolcrib.desktops.launchers.local.removal import empty_removed, remove
from toolcrib.desktops.launchers.local.users import Users
from toolcrib.desktops.launchers.local.vnc_password import password_file
from toolcrib.settings import Settings

log = structlog.get_logger()

GRACE_SECONDS = 3.0
"""How long programs may take to end by themselves when a desktop stops."""
REMOVAL_SECONDS = 15.0
LOG = "session.log"
_LOG_BYTES = 4096
_NO_NETWORK = "No external routable interface"  # of pasta
_ENDINGS = {
    "the window server did not start": "The window server did not start.",
    "the window server ended": "The window server ended.",
    "the session ended": "The session ended: the person has logged out, or it failed.",
}


class Desktops:
    """The desktops of one server. Every verb blocks; any process may call any of them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.folders = Folders(settings.data_dir)
        self.users = Users(self.folders.root, settings.desktop_local_uids)

    def start(self, wanted: Wanted) -> None:
        session = self.session(wanted.image)
        programs.require(programs.needed(self.users, sessions=[session], network=wanted.network))
        self.folders.make()
        with locked(self.folders.desktop(wanted.name), make=True):
            record = read_record(self.folders.desktop(wanted.name))
            # What a killed server has half stopped is stopped now.
            if not record or not record.process or record.is_stopping or not record.process.is_alive():
                self._clear(wanted.name)
                self._start(wanted, session)

    def session(self, image: str) -> str:
        sessions = self.settings.desktop_local_sessions
        if not image:
            return next(iter(sessions.values()))
        if image not in sessions:
            raise LauncherRefused(
                "There is no session of this name on this computer (DESKTOP_LOCAL_SESSIONS)."
            )
        return sessions[image]

    def place(self, wanted: Wanted) -> sandbox.Place:
        volume, group = None, 0
        if wanted.volume:
            volume = self.folders.volume(wanted.volume) / "files"
            if not volume.is_dir():
                raise LauncherRefused("The volume of this desktop is not there.")
            group = self.users.of_volume(wanted.volume)
        user = self.users.of_person(wanted.owner)
        folder = self.folders.desktop(wanted.name)
        return sandbox.Place(folder, user, self.users.are_own, volume, group)

    def _start(self, wanted: Wanted, session: str) -> None:
        place = self.place(wanted)
        folder = place.folder
        folder.chmod(0o711)
        (folder / "storage").mkdir(exist_ok=True)
        homes.make(self.folders, folder, place.user if place.own_user else None)
        sandbox.fill(folder, place, password_file=password_file(wanted.password) if wanted.gateway else None)
        group = self.group(wanted.name)
        if group:
            group.make(wanted.max_cpu, quantity_bytes(wanted.max_ram))
        record = Record.of(wanted, now())
        with self._listen(wanted) as listening:
            if wanted.gateway:
                host, port = listening.getsockname()[:2]
                record = replace(record, host=host, port=port)
            words = sandbox.command(
                wanted,
                place,
                session,
                self.settings.desktop_local_folders,
                mark=self.folders.mark,
                userns=self.settings.desktop_local_user_namespaces,
                group=group,
            )
            self._run(
                words, wanted.name, listening, lambda process: replace(record, process=process).write(folder)
            )

    def _listen(self, wanted: Wanted) -> socket.socket:
        """Open the socket at which viewers connect. The window server inherits it, so that there is no moment at which
        it is not there, and nothing of it in the sandbox that could be exchanged."""
        try:
            if wanted.gateway:
                host = self.settings.desktop_local_gateway_host
                return listen(socket.AF_INET6 if ":" in host else socket.AF_INET, (host, 0))
            while True:
                self.folders.make_socket_folder(wanted.name)
                with suppress(FileNotFoundError):  # another process has just found the folder empty
                    return listen(socket.AF_UNIX, str(self.folders.socket(wanted.name)))
        except OSError as error:
            raise LauncherDown(f"No socket could be opened for this desktop: {error.strerror}.") from error

    def _run(
        self, words: list[str], name: str, listening: socket.socket, write: Callable[[Identity], None]
    ) -> None:
        """Start the process; let it begin only when it is recorded on the disk."""
        folder = self.folders.desktop(name)
        go_read, go_write = os.pipe()
        errors = os.open(
            folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_NOFOLLOW, 0o600
        )
        try:
            process = subprocess.Popen(  # noqa: S603 - our own words
                words,
                stdin=listening.fileno(),
                stdout=go_read,
                stderr=errors,
                cwd="/",
                env={"PATH": programs.PATH, MARK: f"{self.folders.mark}/{name}"},
                start_new_session=True,
            )
            os.close(go_read)
            go_read = -1
            threading.Thread(target=process.wait, name=f"desktop-{process.pid}", daemon=True).start()
            found = identify(process.pid)
            if found is None:
                raise LauncherDown("The process of this desktop ended at once.")
            write(found)
            with suppress(BrokenPipeError):  # it has ended: `wait_ready` finds out why
                os.write(go_write, b"go\n")
        except OSError as error:
            raise LauncherDown(f"This desktop could not be started: {error.strerror}.") from error
        finally:
            for descriptor in (go_read, go_write, errors):
                if descriptor >= 0:
                    os.close(descriptor)

    def group(self, name: str) -> Group | None:
        parent = self.settings.desktop_local_cgroup
        return Group.of(parent, self.folders.mark, name) if parent else None

    def stop(self, name: str) -> None:
        folder = self.folders.desktop(name)
        with locked(folder) as is_there:
            record = read_record(folder) if is_there else None
            if record and record.process and not record.is_stopping:
                replace(record, is_stopping=True).write(folder)
            self._end(name)
            self._clear(name)
            if record and record != record.stopped():
                record.stopped().write(folder)

    def _end(self, name: str) -> None:
        """Ask programs to end, and wait a little. The session is halted first: it would end the sandbox as soon as its
        window manager has ended, before others have saved anything."""
        starters = marked(self.folders.mark).get(name) if self.folders.root.is_dir() else None
        if starters:
            found = sandbox_of(starters)
            wait_for_end(send(found.first, signal.SIGSTOP), 0)
            wait_for_end(send(programs_in(found), signal.SIGTERM), GRACE_SECONDS)

    def _clear(self, name: str) -> None:
        """Leave nothing of a run: no process, socket, control group or file."""
        if not self.folders.root.is_dir():
            return
        end_all(self.folders.mark, name)
        self.folders.remove_socket(name)
        if group := self.group(name):
            group.remove()
        remove(self.folders, self.folders.desktop(name) / sandbox.MADE, seconds=REMOVAL_SECONDS)

    def delete(self, name: str, *, home: bool) -> bool:
        self.stop(name)
        folder = self.folders.desktop(name)
        with locked(folder) as is_there:
            if not is_there:
                return True
            record = read_record(folder)
            if record and record.process:
                raise LauncherRefused("This desktop has been started again.")
            if home or (record and not record.persistent_home):
                return remove(self.folders, folder, seconds=REMOVAL_SECONDS)
            for left in (FILE, LOG):
                (folder / left).unlink(missing_ok=True)
            sync_folder(folder)
        return True

    def statuses(self) -> dict[str, Report]:
        """What is known of every desktop. Also goes on with removing what was too much for one call."""
        if not self.folders.root.is_dir():
            return {}
        empty_removed(self.folders, seconds=REMOVAL_SECONDS)
        running = marked(self.folders.mark)
        found = {name: report for name in self.folders.desktop_names() if (report := self.status(name))}
        for name in running:
            if name not in found and re.fullmatch(r"[a-z0-9-]{1,63}", name):
                found[name] = Report(Phase.FAILED, "It runs, but nothing is known of it.")
        return found

    def status(self, name: str) -> Report | None:
        record = read_record(self.folders.desktop(name))
        if record is None:
            return None
        if record.process is None:
            return Report(Phase.STOPPED, started_at=record.started_at)
        if not record.process.is_alive():
            return Report(Phase.FAILED, self._why(record, record.process), record.started_at)
        if record.is_stopping:
            return Report(Phase.STOPPING, "ending its programs", record.started_at)
        if record.was_ready:
            return Report(Phase.READY, started_at=record.started_at)
        return Report(Phase.STARTING, self.progress(name), record.started_at)

    def progress(self, name: str) -> str:
        display = self.folders.desktop(name) / sandbox.MADE / "x11" / "X1"
        try:
            display.lstat()
        except OSError:
            return "starting the window server"
        return "starting the session"

    def running(self, name: str) -> tuple[Record, Identity]:
        """
        Raises:
            LauncherError: it does not run.
        """
        record = read_record(self.folders.desktop(name))
        if record is None or record.process is None or not record.process.is_alive():
            raise LauncherError("This desktop does not run.")
        return record, record.process

    def set_ready(self, name: str, process: Identity) -> None:
        folder = self.folders.desktop(name)
        with locked(folder) as is_there:
            record = read_record(folder) if is_there else None
            if record and record.process == process and not record.was_ready:
                replace(record, was_ready=True).write(folder)

    def _why(self, record: Record, process: Identity) -> str:
        if record.is_stopping:
            return "It was being stopped when the server ended."
        if process.boot != boot_id():
            return "This computer was restarted."
        lines = self._output(record.name)
        for line in reversed(lines):
            text = line.removeprefix("toolcrib: ").partition(" (")[0]
            if line.startswith("toolcrib: ") and text in _ENDINGS:
                return _ENDINGS[text]
        if any(_NO_NETWORK in line for line in lines) and not record.was_ready:
            return "This computer has no network that a desktop could use."
        if not record.was_ready:
            return "It could not be started; the server's log says more."
        return "It was ended from outside, or ran out of memory."

    def _output(self, name: str) -> list[str]:
        """The last lines that its sandbox and its window server have written. Its person can write there, too."""
        with suppress(OSError), (self.folders.desktop(name) / LOG).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LOG_BYTES))
            return file.read().decode("utf-8", "replace").splitlines()
        return []

    def log_failure(self, name: str) -> None:
        log.warning("desktop_did_not_start", name=name, output=self._output(name)[-5:])
