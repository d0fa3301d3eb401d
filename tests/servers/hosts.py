"""SSH hosts for tests: Debian roots in namespaces, with accounts, logins and processes of their own.

`debian_hosts(3, folder)` starts three at free ports of 127.0.0.1. Put a `TcpProxy` before a host's port to make it
slow or to cut it off.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.process import absent, free_port
from toolcrib.cli.machines.sample_pool.base_root import CannotMakeHosts
from toolcrib.cli.machines.sample_pool.namespaces import LocalHost, start_hosts
from toolcrib.machines.hosts.driver import Host

PASSWORD = """root-Pa55;$(touch /pwned)'"{{ 7*7 }}{% raw %}\\"""

# Tools that take no more than BusyBox's do, where Debian's build of BusyBox leaves these applets out; all the rest
# (sh, find, tar, rm, ...) is BusyBox itself. No shadow-utils, no sudo group, no flock, no Python.
BUSYBOX = r"""
mkdir /opt/real
for tool in useradd userdel usermod groupdel; do mv /usr/sbin/$tool /opt/real/$tool; done
mv /usr/bin/passwd /opt/real/passwd
cat >/usr/sbin/adduser.new <<'END'
#!/bin/sh
[ "$1" = -D ] && [ "$2" = -h ] && [ "$4" = -s ] && [ "$6" = -g ] && [ $# = 8 ] || exit 1
exec /opt/real/useradd -m -U -d "$3" -s "$5" -c "$7" "$8"
END
printf '#!/bin/sh\n[ $# = 1 ] || exit 1\nexec /opt/real/userdel "$1"\n' >/usr/sbin/deluser.new
printf '#!/bin/sh\n[ $# = 1 ] || exit 1\nexec /opt/real/groupdel "$1"\n' >/usr/sbin/delgroup.new
printf '#!/bin/sh\n[ $# = 2 ] || exit 1\nexec /opt/real/usermod -a -G "$2" "$1"\n' >/usr/sbin/addgroup.new
printf '#!/bin/sh\n[ $1 = -l ] || exit 1\nexec /opt/real/usermod -L "$2"\n' >/usr/bin/passwd
chmod 755 /usr/bin/passwd
for tool in adduser deluser addgroup delgroup; do
    rm -f /usr/sbin/$tool
    mv /usr/sbin/$tool.new /usr/sbin/$tool
    chmod 755 /usr/sbin/$tool
done
rm -f /usr/bin/python3* /usr/bin/flock /usr/bin/getent
sed -i 's/^sudo:/wheel:/' /etc/group /etc/gshadow
for tool in sh find tar rm mv mkdir chown chmod touch grep cat sleep nproc df uname id; do
    ln -sf /usr/bin/busybox /usr/bin/$tool
done
"""

MANAGER = "ops"
SUDO = f"""
/usr/sbin/useradd -m -s /bin/sh {MANAGER}
usermod -a -G sudo {MANAGER}
getent shadow root | sed 's/^root/{MANAGER}/' | cut -d: -f1,2 | chpasswd -e
"""


@contextmanager
def debian_hosts(count: int, folder: Path | None = None, *, setup: str = "") -> Iterator[list[LocalHost]]:
    """Start hosts `host-1`, …; stop them at the end."""
    with tempfile.TemporaryDirectory(dir=folder, prefix="hosts-") as made:
        try:
            hosts = start_hosts(
                [(f"host-{number + 1}", free_port()) for number in range(count)],
                Path(made),
                password=PASSWORD,
                setup=setup,
            )
        except CannotMakeHosts as missing:
            absent(str(missing))
        try:
            yield hosts
        finally:
            for host in hosts:
                host.stop()


def as_host(local: LocalHost, *, port: int | None = None, user: str = "root", sudo: bool = False) -> Host:
    """Return how the pool reaches this host with its password."""
    return Host(local.name, local.address, port or local.port, user, local.password, sudo=sudo)
