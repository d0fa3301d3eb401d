"""The hook that puts the read-only flag back after a lock has ended by itself."""

from toolcrib.cli.assets import lockable
from toolcrib.cli.core import output
from toolcrib.cli.core.client import ApiClient
from toolcrib.cli.core.context import Context
from toolcrib.cli.core.failures import Failure

TIMEOUT_SECONDS = 5


def post_index_change(context: Context) -> None:
    """Mend the flags. Without a sign-in or an answer nothing happens: the next checkout, or `toolcrib status`, does
    it."""
    try:
        context.api = ApiClient(context.account, timeout_seconds=TIMEOUT_SECONDS)
        mended = lockable.mend(context, only_if_suspect=True)
    except (Failure, OSError):
        return
    ended = [file for file in mended.read_only if file in mended.ended]
    for line in lockable.Mended(read_only=ended, changed=mended.changed).lines(done=True):
        output.warn(f"toolcrib: {line}")
