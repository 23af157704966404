"""A PAC file as a browser runs it: in a JavaScript engine, with what browsers bring along."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.render.debian import programs

# What a browser brings along (the definitions of Netscape's 1996 paper, kept in all engines), then the questions.
BROWSER = """
const names = JSON.parse(process.argv[2]), questions = JSON.parse(process.argv[3]);
const number = (text) => text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
global.dnsResolve = (host) => /^[0-9.]+$/.test(host) ? host : (names[host] ?? null);
global.isInNet = (host, net, mask) => {
  const address = global.dnsResolve(host);
  return address !== null && ((number(address) & number(mask)) >>> 0) === ((number(net) & number(mask)) >>> 0);
};
require("vm").runInThisContext(require("fs").readFileSync(process.argv[1], "utf8"), "proxy.pac");
console.log(JSON.stringify(questions.map((url) => {
  const host = new URL(url).hostname;
  return FindProxyForURL(url, host);
})));
"""


def answers(path: Path, names: Mapping[str, str], urls: Sequence[str]) -> dict[str, str]:
    """What a PAC file answers to every URL, when names have these addresses."""
    done = programs.run("node", "-e", BROWSER, path, json.dumps(names), json.dumps(list(urls)))
    assert done.returncode == 0, done.stdout
    return dict(zip(urls, json.loads(done.stdout), strict=True))
