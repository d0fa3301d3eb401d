"""Which encodings a viewer may ask the desktop for."""

from __future__ import annotations

from collections.abc import Iterable

RAW, COPY_RECT, TIGHT, ZRLE, TIGHT_PNG = 0, 1, 7, 16, -260
CURSOR, DESKTOP_SIZE, LAST_RECT = -239, -223, -224
QEMU_KEYS, QEMU_AUDIO, LED_STATE, VMWARE_LED_STATE = -258, -259, -261, 0x574D5668
GII, DESKTOP_NAME, EXTENDED_DESKTOP_SIZE, XVP, FENCE, CONTINUOUS_UPDATES = -305, -307, -308, -309, -312, -313
MORE_BUTTONS, VMWARE_CURSOR = -316, 0x574D5664
EXTENDED_CLIPBOARD = -0x3F5E1A32  # 0xC0A1E5CE

# With them, messages would follow that have another form than others of their type, or that control more than a
# desktop's session.
NEVER = frozenset({QEMU_AUDIO, GII, XVP, MORE_BUTTONS})
# Whose lengths can be told without decoding them: what `from_desktop` steps over.
READABLE = frozenset(
    {RAW, COPY_RECT, TIGHT, ZRLE, TIGHT_PNG, CURSOR, DESKTOP_SIZE, LAST_RECT, QEMU_KEYS, LED_STATE}
    | {VMWARE_LED_STATE, DESKTOP_NAME, EXTENDED_DESKTOP_SIZE, FENCE, CONTINUOUS_UPDATES, VMWARE_CURSOR}
    | {*range(-32, -22), *range(-256, -246), *range(-512, -411)}  # quality and compression
)


def permitted(asked: Iterable[int], *, readable_only: bool) -> list[int]:
    """Those of `asked` that may be passed on, in the same order."""
    if readable_only:
        return [each for each in asked if each in READABLE]
    return [each for each in asked if each not in NEVER]
