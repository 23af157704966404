"""Files of an appliance, moved by programs of its own over a channel beside the shell.

Three round trips a file where SFTP takes six, and nothing of it is echoed or kept in the history of a shell.
"""

import contextlib
import secrets

from lisiere.drivers.channel import FOREIGN, Channel
from lisiere.errors import DeviceError, MisreadError

ROUND_TRIPS = 3
"""A channel is opened, a command granted, its answer waited for."""


class Files:
    """The files of one appliance. Raises `FOREIGN` when the session fails; the transport knows what that means."""

    def __init__(self, channel: Channel, host: str) -> None:
        self._channel, self._host = channel, host

    def upload(self, text: str) -> str:
        """Put a text into a file that only our account can read, under a random name; returns its path.

        Raises:
            DeviceError: The appliance did not take all of it; what it took was deleted.
        """
        path = f"/tmp/lisiere-{secrets.token_hex(16)}"  # noqa: S108 - made exclusively, private before it has content
        data = text.encode()
        # `dd` makes the file only if there is none; a shell's own means for that is a word of VyOS's, too.
        status, said, complaints = self._channel.run(
            f"umask 077 && dd of={path} bs=64k conv=excl status=none && wc -c < {path}", data
        )
        if status == 0 and said.strip() == str(len(data)).encode():
            return path
        with contextlib.suppress(*FOREIGN):
            self.remove(path)
        reason = _words(complaints) or f"exit status {status}"
        raise DeviceError(self._host, f"the configuration could not be uploaded: {reason}")

    def download(self, path: str) -> str:
        """The text of a file. Raises DeviceError when it cannot be read, MisreadError when it is no text."""
        status, said, complaints = self._channel.run(f"cat {path}")
        if status != 0:
            raise DeviceError(self._host, f"{path} could not be read: {_words(complaints)}")
        try:
            return said.decode()
        except UnicodeDecodeError:
            raise MisreadError(self._host, f"{path} is not UTF-8") from None

    def remove(self, path: str) -> None:
        """Delete a file, if it is there."""
        self._channel.run(f"rm -f {path}")


def _words(complaints: bytes) -> str:
    return " ".join(complaints.decode(errors="replace").split())[:200]
