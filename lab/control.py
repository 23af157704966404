"""The control channel of a running lab: one JSON request a line, one JSON answer a line."""

import asyncio
import json
from collections.abc import Mapping

from lab.errors import LabError
from lab.faults import Fault
from lab.fleet import Fleet


def carry_out(fleet: Fleet, request: Mapping[str, object]) -> dict[str, object]:
    """Do what a request asks of the appliance `name`, and say how it stands.

    A request may hold `clear` (true), `faults` (words as in `lab.faults.from_setting`), `fault` (one fault in full),
    `by_hand` (`set` and `delete` lines of a local administrator), `commit_confirm` (the same, timed and not confirmed),
    `reboot` (true) and `show` (true: the running configuration comes with the answer).

    Raises:
        LabError: The request cannot be carried out.
    """
    appliance = fleet.appliances.get(str(request.get("name", "")))
    if appliance is None:
        raise LabError(f"the lab has no appliance {request.get('name')!r}")
    try:
        if request.get("clear"):
            appliance.clear_faults()
        for name, value in _mapping(request, "faults").items():
            appliance.set_fault(name, value)
        if fault := _mapping(request, "fault"):
            appliance.inject(Fault.from_json(fault))
    except ValueError as exc:
        raise LabError(str(exc)) from exc
    if lines := _lines(request, "by_hand"):
        appliance.drift(lines)
    if lines := _lines(request, "commit_confirm"):
        appliance.foreign_commit_confirm(lines, minutes=10)
    if request.get("reboot"):
        appliance.reboot()
    device = appliance.device
    answer: dict[str, object] = {"counters": appliance.counters.to_json(), "pending": device.pending is not None}
    return answer | ({"running": device.running_set()} if request.get("show") else {})


async def serve_control(fleet: Fleet, path: str) -> asyncio.AbstractServer:
    """Listen for requests on a Unix socket."""

    async def control(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(json.dumps(_answer(fleet, line)).encode() + b"\n")
            await writer.drain()
        writer.close()

    return await asyncio.start_unix_server(control, path=path)


def _answer(fleet: Fleet, line: bytes) -> dict[str, object]:
    try:
        request = json.loads(line)
        if not isinstance(request, dict):
            raise LabError("a request is a JSON object")
        return carry_out(fleet, request)
    except (LabError, ValueError) as exc:
        return {"error": str(exc)}


def _mapping(request: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = request.get(key, {})
    if not isinstance(value, dict):
        raise LabError(f"`{key}` is an object")
    return value


def _lines(request: Mapping[str, object], key: str) -> list[str]:
    value = request.get(key, [])
    if not isinstance(value, list):
        raise LabError(f"`{key}` is a list of lines")
    return [str(line) for line in value]
