"""The dialogue over real SSH: prompts, echo, line ends, questions, files."""

import re
import stat
from contextlib import suppress

import paramiko  # type: ignore[import-untyped]
import pytest

from lab.faults import Fault, Kind, Step
from lab.fleet import Lab
from lab.vyos.grammar import tag_paths
from lab.vyos.releases import RELEASES
from lisiere.configtree import format_braces, parse_set
from tests.lab.talk import PROMPT, Talk

BOOT = "/config/config.boot"


def test_what_is_printed_byte_for_byte(lab: Lab) -> None:
    """The terminal echoes, ends lines with CR LF, and shows the level above the prompt."""
    with Talk(lab, "new") as talk:
        assert talk.greeting.endswith("lisiere@new:~$ ")
        talk.raw = b""
        talk.ask_all(
            "configure", "set system host-name other", "edit firewall zone LAN", "set system x", "exit", "exit discard"
        )
        assert talk.raw.decode() == (
            "configure\r\n[edit]\r\nlisiere@new# "
            "set system host-name other\r\n[edit]\r\nlisiere@new# "
            "edit firewall zone LAN\r\n[edit firewall zone LAN]\r\nlisiere@new# "
            "set system x\r\n\r\n  Configuration path: firewall zone LAN [system] is not valid\r\n  Set failed\r\n\r\n"
            "[edit firewall zone LAN]\r\nlisiere@new# "
            "exit\r\n[edit]\r\nlisiere@new# "
            "exit discard\r\nexit\r\nlisiere@new:~$ "
        )


def test_leaving_asks_for_what_was_not_committed_and_warns_of_what_was_not_saved(lab: Lab) -> None:
    """And `exit` in operational mode logs out."""
    with Talk(lab, "new") as talk:
        talk.ask_all("configure", "set service ssh port 2022")
        assert "Cannot exit: configuration modified." in talk.ask("exit")
        assert talk.ask("commit") == ""
        assert talk.ask("exit") == "Warning: configuration changes have not been saved.\nexit"
        assert talk.ask_all("configure", "save", "exit") == ["", "", "exit"]
        talk.send("exit\n")
        with pytest.raises(EOFError):
            talk.until(PROMPT)


def test_what_is_wrong_is_called_so(lab: Lab) -> None:
    """Operational mode has its own words for it."""
    with Talk(lab, "new") as talk:
        assert talk.ask("nonsense") == "\n  Invalid command: [nonsense]\n"
        assert talk.ask("show nonsense") == "\n  Invalid command: show [nonsense]\n"
        assert talk.ask("show") == "\n  Incomplete command: show\n"
        assert talk.ask("set system host-name x").startswith("\n  Invalid command: [set]")
        talk.ask("configure")
        assert talk.ask("nonsense") == "\n  Invalid command: [nonsense]\n"
        assert "host-name 'new'" in talk.ask("run show configuration commands")
        assert talk.ask("commit") == "No configuration changes to commit"
        assert talk.ask("confirm") == "No confirm pending"


def test_control_keys_work(lab: Lab) -> None:
    """Ctrl-C forgets the line, backspace the last character; an open quote goes on in the next line."""
    with Talk(lab, "new") as talk:
        talk.send("garbage\x03")
        assert talk.until(PROMPT).endswith("^C\r\nlisiere@new:~$ ")
        talk.send("echo abd\x7fc\n")
        assert talk.until(PROMPT).replace("\r", "").splitlines()[1] == "abc"
        talk.send("echo 'one\n")
        talk.until(re.compile(rb"> $"))
        talk.send("two'\n")
        assert "one\r\ntwo\r\n" in talk.until(PROMPT)


def test_long_answers_are_paged_unless_told_otherwise(lab: Lab) -> None:
    """A client that forgets `terminal length 0` waits for ever."""
    with Talk(lab, "new", rows=6) as talk:
        talk.send("show configuration commands\n")
        first = talk.until(re.compile(rb":$"))
        assert first.count("set ") == 5
        talk.send("q")
        talk.until(PROMPT)
        talk.ask("set terminal length 0")
        assert talk.ask("show configuration commands").count("\n") > 6
        assert talk.ask("show configuration commands | match hw-id").count("hw-id") == 2
        assert talk.ask("show configuration commands | count").startswith("Count: ")


def test_many_lines_in_one_write_are_answered_one_by_one(lab: Lab) -> None:
    """One prompt for each."""
    with Talk(lab, "new") as talk:
        lines = ["configure", *(f"set service ssh port {port}" for port in range(3000, 3100)), "commit", "exit"]
        talk.send("".join(f"{line}\n" for line in lines))
        text = talk.until(re.compile(rb"exit\r\n(.*\r\n)?.*:~\$ $"))
        assert len(re.findall(r"lisiere@new[#:]", text)) == len(lines)
    assert lab["new"].running_set().count("service ssh port") == 101


@pytest.mark.parametrize("name", ["old", "new"])
def test_a_whole_configuration_goes_in_by_file(lab: Lab, name: str) -> None:
    """Upload, load, compare, commit, save; /config/config.boot holds it with the release's footer."""
    release = RELEASES["1.4" if name == "old" else "1.5"]
    text = lab[name].running_set() + "set service ntp server 192.0.2.123\nset system name-server '192.0.2.53'\n"
    with Talk(lab, name) as talk:
        talk.put("/tmp/new", format_braces(parse_set(text), tags=tag_paths(release.name)) + release.footer())
        talk.ask("configure")
        assert talk.ask("load /tmp/new").endswith("Load complete. Use 'commit' to make changes effective.")
        assert talk.ask("compare") == (
            '[service]\n+ ntp {\n+     server 192.0.2.123 {\n+     }\n+ }\n[system]\n+ name-server "192.0.2.53"\n'
        )
        assert talk.ask_all("commit", "save") == ["", ""]
        assert talk.ask("load /tmp/new") == "Loading configuration from '/tmp/new'\nNo configuration changes to commit."
        saved = talk.get(BOOT)
    assert saved.endswith(release.footer())
    assert 'name-server "192.0.2.53"' in saved
    assert lab[name].saved_set() == lab[name].running_set()
    assert lab[name].counters.pushes == 1


def test_an_uploaded_config_boot_is_what_the_next_boot_takes(lab: Lab) -> None:
    """It is a file like any other."""
    with Talk(lab, "new") as talk:
        talk.put(BOOT, talk.get(BOOT).replace('"new"', '"renamed"'))
    assert "host-name 'renamed'" in lab["new"].saved_set()
    assert "host-name 'new'" in lab["new"].running_set()


def test_files_behave(lab: Lab) -> None:
    """Modes, exclusive creation, listing, removal, and paths that are not there."""
    with Talk(lab, "new") as talk, paramiko.SFTPClient.from_transport(talk.transport) as sftp:
        with sftp.open("/tmp/a", "wx") as file:
            file.chmod(0o600)
            file.write("hello")
        assert sftp.stat("/tmp/a").st_mode & 0o777 == 0o600
        assert sftp.stat("/tmp/a").st_size == 5
        assert sftp.listdir("/tmp") == ["a"]
        assert sorted(sftp.listdir("/config")) == ["archive", "auth", "config.boot", "scripts"]
        with pytest.raises(OSError, match="File exists"):
            sftp.open("/tmp/a", "wx")
        with pytest.raises(FileNotFoundError):
            sftp.open("/tmp/none", "r")
        with pytest.raises(FileNotFoundError):
            sftp.open("/no/such/folder", "w")
        sftp.rename("/tmp/a", "/tmp/b")
        sftp.remove("/tmp/b")
        assert lab["new"].files == []


def test_operational_commands_look_like_vyos(lab: Lab) -> None:
    """The tables that drivers parse."""
    lab["new"].drift(
        "set interfaces ethernet eth0 vif 99 address '10.0.0.1/24'",
        "set interfaces ethernet eth0 vif 99 address 'fd00::1/64'",
        "set interfaces ethernet eth1 disable",
        "set service ntp server 192.0.2.9",
    )
    with Talk(lab, "new") as talk:
        assert talk.ask("show version").splitlines()[0] == "Version:          VyOS 1.5-rolling-202410210007"
        lines = talk.ask("show interfaces").splitlines()
        assert lines[0].startswith("Codes: S - State")
        assert lines[1].split() == ["Interface", "IP", "Address", "MAC", "VRF", "MTU", "S/L", "Description"]
        at = next(number for number, line in enumerate(lines) if line.startswith("eth0.99"))
        assert "10.0.0.1/24" in lines[at]
        assert lines[at + 1].split() == ["fd00::1/64"]
        assert any(line.startswith("eth1 ") and "A/D" in line for line in lines)
        assert talk.ask("show system uptime").startswith("Uptime: ")
        assert "192.0.2.9" in talk.ask("show ntp")
        assert talk.ask("show vpn ipsec sa").splitlines()[0].split()[:3] == ["Connection", "State", "Uptime"]
        assert "5 packets transmitted, 5 received" in talk.ask("ping 192.0.2.1")
        assert "2 received" in talk.ask("ping 192.0.2.1 count 2")
        assert "via cli" in talk.ask("show system commit")
        assert "commit: user local" in talk.ask("show log")


def test_a_user_of_the_running_configuration_may_log_in(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> None:
    """With the key that stands there; nobody else, with none."""
    key = paramiko.Ed25519Key.from_private_key_file(str(lab.key_file))
    path = "set system login user other authentication public-keys k"
    handle = lab["new"]

    def try_login(user: str) -> bool:
        transport = paramiko.Transport((handle.host, handle.port))
        try:
            transport.start_client(timeout=5)
            transport.auth_publickey(user, key)
        except paramiko.AuthenticationException:
            return False
        finally:
            transport.close()
        return True

    assert [try_login("other"), try_login("lisiere")] == [False, True]
    handle.drift(f"{path} type 'ssh-ed25519'", f"{path} key '{key.get_base64()}'")
    assert try_login("other")
    assert handle.counters.logins == 2


def test_the_password_is_accepted_and_a_wrong_one_is_not(lab: Lab) -> None:
    """When the lab was given one."""
    handle = lab["old"]
    for password, is_right in (("for tests", True), ("guess", False)):
        transport = paramiko.Transport((handle.host, handle.port))
        transport.start_client(timeout=5)
        try:
            if is_right:
                transport.auth_password(lab.username, password)
            else:
                with pytest.raises(paramiko.AuthenticationException):
                    transport.auth_password(lab.username, password)
        finally:
            transport.close()


def run(talk: Talk, command: str, typed: bytes = b"") -> tuple[int, str]:
    """One command without a terminal, as `ssh host command`: its exit status and what it printed."""
    channel = talk.transport.open_session()
    channel.settimeout(5)
    channel.set_combine_stderr(True)
    channel.exec_command(command)
    with suppress(OSError):  # It may have ended already.
        channel.sendall(typed)
        channel.shutdown_write()
    printed = b"".join(iter(lambda: channel.recv(65536), b""))
    return channel.recv_exit_status(), printed.decode()


def test_files_are_moved_by_programs_of_the_system(lab: Lab) -> None:
    """Private and only once if that is asked for; what cannot be done has an exit status."""
    put = "umask 077 && dd of=/tmp/x bs=64k conv=excl status=none && wc -c < /tmp/x"
    with Talk(lab, "new") as talk:
        assert run(talk, put, b"one\ntwo") == (0, "7\n")
        assert run(talk, put, b"three") == (1, "dd: /tmp/x: File exists\n")
        assert run(talk, "cat /tmp/x") == (0, "one\ntwo")
        with paramiko.SFTPClient.from_transport(talk.transport) as sftp:
            assert stat.S_IMODE(sftp.stat("/tmp/x").st_mode) == 0o600
        assert talk.ask("rm /tmp/x") == ""
        assert talk.ask("rm /tmp/x") == "rm: /tmp/x: No such file or directory"
        assert run(talk, "rm -f /tmp/x") == (0, "")
        assert run(talk, "wc -l /tmp/x")[0] == 127


def test_faults_strike_an_upload(lab: Lab) -> None:
    """It stands, or it is lost; afterwards it works."""
    put = "umask 077 && dd of=/tmp/x bs=64k conv=excl status=none && wc -c < /tmp/x"
    with Talk(lab, "new") as talk:
        lab["new"].inject(Fault(Kind.HANG, step=Step.UPLOAD))
        channel = talk.transport.open_session()
        channel.settimeout(0.3)
        channel.exec_command(put)
        channel.shutdown_write()
        with pytest.raises(TimeoutError):
            channel.recv(1)
        lab["new"].inject(Fault(Kind.DROP, step=Step.UPLOAD, when="after"))
        run(talk, put, b"one")
    assert lab["new"].files == ["/tmp/x"]
