"""How often one person may start, stop, resume and delete desktops (desktops contract, section 15)."""

from toolcrib.kernel.deps import per_person

LIMITED = per_person("desktops", "desktop_rate")
