"""Making a fresh Debian one of our appliances: an account, one line for sudo, and the script; over SSH as root, once.

The account may run the script through sudo and nothing else. It cannot replace the script: whoever may do that is root,
so a new version comes the way the first one came. Nor is its home its own: root writes there.
"""

import hashlib
import io
import re
import secrets
import zipfile
from functools import cache
from importlib.resources import files

from lisiere.drivers import ssh
from lisiere.drivers.channel import Channel
from lisiere.drivers.ssh import Endpoint
from lisiere.errors import DeviceError, UsageError

SHEBANG = b"#!/usr/bin/python3 -I\n"
MAIN = """import sys
from lisiere.drivers.debian.device.main import main
sys.exit(main(sys.argv[1:]))
"""
ACCOUNT, SCRIPT = "lisiere", "/usr/local/sbin/lisiere-edge"
SUDOERS = f"""Defaults:{ACCOUNT} !use_pty, !requiretty, !lecture
{ACCOUNT} ALL=(root) NOPASSWD: {SCRIPT}
"""
INSTALL = """set -eu
umask 077
scratch={script}.{random}
trap 'rm -f "$scratch"' EXIT
cat >"$scratch"
echo "{digest}  $scratch" | sha256sum --check --status
chmod 0755 "$scratch"
id {account} >/dev/null 2>&1 || useradd --system --no-create-home --home-dir /home/{account} --shell /bin/sh {account}
usermod --password '*' {account}
for place in /home/{account} /home/{account}/.ssh; do
  if [ -L $place ] || [ -e $place ] && [ "$(stat -c '%u %F' $place)" != '0 directory' ]; then
    mv -T $place $place.{random}
  fi
  mkdir -p -m 0755 $place
  chmod 0755 $place
done
printf '%s\\n' '{key}' >/home/{account}/.ssh/.{random}
chmod 0644 /home/{account}/.ssh/.{random}
mv -T /home/{account}/.ssh/.{random} /home/{account}/.ssh/authorized_keys
printf '%s' '{sudoers}' >/etc/sudoers.d/.lisiere-{random}
visudo --check --quiet --file=/etc/sudoers.d/.lisiere-{random}
chmod 0440 /etc/sudoers.d/.lisiere-{random}
mv /etc/sudoers.d/.lisiere-{random} /etc/sudoers.d/lisiere
mkdir -p -m 0755 /etc/lisiere
mkdir -p -m 0755 /etc/lisiere/generations
mv "$scratch" {script}
"""

LOOK = """id {account} >/dev/null 2>&1 && echo account
cd /home/{account} 2>/dev/null &&
[ "$(stat -c '%u %a %F' . .ssh .ssh/authorized_keys 2>/dev/null)" = '{owned}' ] &&
[ "$(cat .ssh/authorized_keys)" = '{key}' ] && echo key
cd /
[ "$(cat /etc/sudoers.d/lisiere 2>/dev/null; echo x)" = '{sudoers}x' ] && echo sudo
echo "{digest}  {script}" | sha256sum --check --status 2>/dev/null && [ -x {script} ] && echo script
true
"""
OWNED = "0 755 directory\n0 755 directory\n0 644 regular file"
"""The account's home, the folder of its keys and the keys: root's, and no links, which root would follow."""
PARTS = {
    "account": f"the account {ACCOUNT}, without a password",
    "key": f"the key that {ACCOUNT} is reached with until the first configuration",
    "sudo": f"/etc/sudoers.d/lisiere, which lets it run {SCRIPT} and nothing else",
    "script": f"{SCRIPT}, as it is shipped",
}
"""What is installed, in the order of installation, and in words."""


@cache
def script() -> bytes:
    """The script as it is shipped: the modules of `device` in one file that Python runs; the same bytes everywhere."""
    package = "lisiere.drivers.debian.device"
    texts = {one.name: one.read_bytes() for one in files(package).iterdir() if one.name.endswith(".py")}
    held = {f"{package.replace('.', '/')}/{name}": text for name, text in texts.items()}
    parents = [package.split(".")[:depth] for depth in range(1, package.count(".") + 1)]
    held |= {f"{'/'.join(parent)}/__init__.py": b"" for parent in parents} | {"__main__.py": MAIN.encode()}
    buffer = io.BytesIO(SHEBANG)
    buffer.seek(0, io.SEEK_END)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_STORED) as archive:
        for name, text in sorted(held.items()):
            archive.writestr(zipfile.ZipInfo(name), text)
    return buffer.getvalue()


def digest() -> str:
    """The SHA-256 of the script, by which an appliance shows that it has this one."""
    return hashlib.sha256(script()).hexdigest()


def missing(endpoint: Endpoint, *, public_key: str) -> tuple[str, ...]:
    """What an appliance still needs, as words for people; nothing is changed.

    Raises:
        UsageError: The key is none.
        DeviceError: The appliance cannot be reached.
    """
    command = LOOK.format(
        account=ACCOUNT, key=_checked(public_key), sudoers=SUDOERS, digest=digest(), script=SCRIPT, owned=OWNED
    )  # fmt: skip
    status, said = _run(endpoint, command)
    if status:
        raise DeviceError(endpoint.name, f"could not be looked at: {said[:300]}")
    there = set(said.split())
    return tuple(words for part, words in PARTS.items() if part not in there)


def install(endpoint: Endpoint, *, public_key: str) -> None:
    """Install the account and the script, or a newer script. Nothing else of the appliance is changed.

    Args:
        endpoint: The appliance, reached as root.
        public_key: The key that the account is reached with until the first configuration says so.

    Raises:
        UsageError: The key is none.
        DeviceError: The appliance cannot be reached, or something of it was refused.
    """
    command = INSTALL.format(
        script=SCRIPT, random=secrets.token_hex(6), digest=digest(), account=ACCOUNT, sudoers=SUDOERS,
        key=_checked(public_key),
    )  # fmt: skip
    status, said = _run(endpoint, command, script())
    if status:
        raise DeviceError(endpoint.name, f"could not be prepared: {said[:300]}")


def _checked(public_key: str) -> str:
    """A public key without its comment."""
    match = re.match(
        r"(ssh-ed25519|ecdsa-sha2-nistp\d+|sk-ssh-ed25519@openssh\.com) ([A-Za-z0-9+/]+=*)(?: |$)", public_key
    )
    if not match:
        raise UsageError("the public key is a line that begins with its type, as in authorized_keys")
    return f"{match[1]} {match[2]}"


def _run(endpoint: Endpoint, command: str, data: bytes = b"") -> tuple[int, str]:
    connection = ssh.connect(endpoint)
    try:
        status, said, _ = Channel(connection, endpoint.timeout_s).run(command, data)
    finally:
        connection.close()
    return status, " ".join(said.decode(errors="replace").split())
