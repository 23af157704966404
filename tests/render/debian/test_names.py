"""The names that an appliance gives to its segments, asked of a real dnsmasq in a network of its own."""

import json
import re
from pathlib import Path

from tests.render.debian import programs
from tests.render.debian.files import intents, text_of, unpack
from tests.render.fleet import PARENT

ASK = """
import json, socket, struct, subprocess, sys, time
server, questions = sys.argv[1], json.loads(sys.argv[2])

def dhcp(kind, name, device, wanted=b""):
    link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    link.setsockopt(socket.SOL_SOCKET, 25, device + b"\\0")
    link.bind(("0.0.0.0", 68))
    link.settimeout(10)
    head = struct.pack("!BBBBIHHIIII16s64s128s4s", 1, 1, 6, 0, 77, 0, 0x8000, 0, 0, 0, 0, b"\\2\\0\\0\\0\\0\\x07",
                       b"", b"", bytes((99, 130, 83, 99)))
    options = bytes((53, 1, kind, 12, len(name))) + name + wanted + b"\\xff"
    link.sendto(head + options, ("255.255.255.255", 67))
    return link.recv(2000)

def ask(name):
    link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    link.settimeout(10)
    labels = b"".join(bytes((len(one),)) + one.encode() for one in name.split("."))
    link.sendto(struct.pack("!6H", 7, 0x100, 1, 0, 0, 0) + labels + b"\\0\\0\\1\\0\\1", (server, 53))
    answer = link.recv(2000)
    return [answer[3] & 15, struct.unpack("!H", answer[6:8])[0]]

time.sleep(0.5)
client = b"client0"
offer = dhcp(1, b"intranet", client)
leased = offer[16:20]
ack = dhcp(3, b"intranet", client, bytes((50, 4)) + leased + bytes((54, 4)) + socket.inet_aton(server))
subprocess.run(["ip", "address", "add", socket.inet_ntoa(ack[16:20]) + "/24", "dev", "client0"], check=True)
print(json.dumps([socket.inet_ntoa(ack[16:20]), [ask(one) for one in questions]]))
"""
NO_SUCH_NAME = 3


def test_a_client_gives_itself_no_name(tmp_path: Path) -> None:
    """A lease is given to a host that calls itself `intranet`: nobody finds it by that name; `wpad` does not exist."""
    programs.need("dnsmasq", "ip")
    intent = intents()[PARENT]
    place = unpack(text_of(PARENT), tmp_path / PARENT)
    conf = place / "dnsmasq/dnsmasq.conf"
    text = conf.read_text()
    device = "lan-classes"
    server = next(one.ipv4 for one in intent.interfaces if one.name == "segment-classes")
    conf.write_text(re.sub(r"(?m)^dhcp-leasefile=.*$", f"dhcp-leasefile={tmp_path}/leases", text))
    questions = ["intranet", f"intranet.{intent.domain}", "wpad", f"wpad.{intent.domain}", f"x.wpad.{intent.domain}"]
    done = programs.run(
        "unshare", "-n", "sh", "-ec",
        "\n".join((
            "ip link set lo up",
            f"ip link add {device} type veth peer name client0",
            f"ip link set {device} up; ip address add {server} dev {device}",
            "unshare -n sleep 60 & far=$!",
            "until [ $(readlink /proc/$far/ns/net) != $(readlink /proc/self/ns/net) ]; do sleep 0.05; done",
            "ip link set client0 netns $far; nsenter -t $far -n ip link set client0 up",
            f"dnsmasq -d --user=root -C {conf} --pid-file={tmp_path}/pid >{tmp_path}/log 2>&1 & pid=$!",
            "trap 'kill -9 $pid $far' EXIT",
            'nsenter -t $far -n python3 -c "$0" "$1" "$2"',
        )),
        ASK, str(server.ip), json.dumps(questions),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + (tmp_path / "log").read_text()
    leased, found = json.loads(done.stdout.splitlines()[-1])
    assert leased in (tmp_path / "leases").read_text()
    assert [answers for _, answers in found] == [0] * len(questions)
    assert found[2:] == [[NO_SUCH_NAME, 0]] * 3
