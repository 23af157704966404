"""Plan, apply, status and drift from the command line, on a lab of its own process."""

from cli.demo.scan import scan
from lisiere.secrets.agefile import AgeFileStore
from tests.cli.conftest import Shell


def test_the_main_job_from_plan_to_drift(lab_shell: Shell) -> None:
    """Plan, show, apply, plan again, status, a change by hand, drift; and no secret in anything that was written."""
    shell = lab_shell
    plan = shell.json("plan", "--lab")
    assert isinstance(plan, dict)
    assert isinstance(plan["changes"], list)
    assert len(plan["changes"]) == 12
    shown = shell("plan", "show", "last").stdout
    assert "canaries" in shown
    assert "set firewall" in shown
    assert "nobody can be asked" in shell("apply", "last", "--lab", status=2).stderr
    run = shell.json("apply", str(plan["id"]), "--lab", "--yes")
    assert isinstance(run, dict)
    assert run["status"] == "succeeded"
    again = shell.json("plan", "--lab", "--exit-code")
    assert isinstance(again, dict)
    assert again["is_empty"] is True
    runs = shell.json("runs")
    assert isinstance(runs, list)
    assert isinstance(runs[0], dict)
    assert runs[0]["outcomes"] == {"applied": 12}
    names = [str(one["host"]) for one in plan["changes"] if isinstance(one, dict)]
    _drift_is_found(shell, names[0])
    assert "conforms" in shell("show", names[1]).stdout
    store = AgeFileStore(shell.folder / ".lisiere/secrets.age", identity=shell.folder / ".lisiere/identity.txt")
    found = scan(shell.folder / ".lisiere", store=store)
    assert found.files > 3
    assert found.leaks == ()


def _drift_is_found(shell: Shell, name: str) -> None:
    shell("lab", "change", name, "set service ssh port '2022'")
    found = shell.json("drift", "--refresh", "--lab", "--name", name, status=1)
    assert isinstance(found, list)
    assert len(found) == 1
    assert isinstance(found[0], dict)
    assert (found[0]["host"], found[0]["path"], found[0]["reason"]) == (name, "service ssh port", "changed")
    text = shell("status", "--lab", "--name", name, status=1).stdout
    assert "drifted" in text


def test_an_unknown_plan_is_told_in_a_sentence(lab_shell: Shell) -> None:
    """Exit status 2, as for every name that stands for nothing, and nothing is sent."""
    assert "no plan 'nonsense'" in lab_shell("apply", "nonsense", "--lab", "--yes", status=2).stderr


def test_lab_faults_are_checked(lab_shell: Shell) -> None:
    """An appliance that the lab does not play, and a fault that it does not know."""
    assert "nobody" in lab_shell("lab", "fault", "nobody", "refuse_login=true", status=1).stderr
    state = lab_shell.json("lab", "status")
    assert isinstance(state, dict)
    assert isinstance(state["appliances"], dict)
    name = next(iter(state["appliances"]))
    assert "no_such" in lab_shell("lab", "fault", name, "no_such=true", status=1).stderr


def test_a_plan_made_on_the_lab_never_goes_to_the_fleet(lab_shell: Shell) -> None:
    """Left out by mistake, `--lab` must not aim a plan at appliances in service."""
    name = next(iter(_appliances(lab_shell)))
    lab_shell("lab", "change", name, "set system domain-name 'elsewhere.example'")
    plan = lab_shell.json("plan", "--lab", "--name", name)
    assert isinstance(plan, dict)
    refused = lab_shell("apply", str(plan["id"]), status=2).stderr
    assert "was made on the lab; say --lab" in refused
    assert lab_shell.json("apply", str(plan["id"]), "--lab")


def test_an_apply_tells_what_its_plan_could_not_compare(lab_shell: Shell) -> None:
    """Appliances that were left out of a plan are not passed over at the end, and the status says so."""
    name = list(_appliances(lab_shell))[1]
    lab_shell("lab", "fault", name, "refuse_login=true")
    plan = lab_shell.json("plan", "--lab", "--name", name, status=1)
    lab_shell("lab", "fault", name, "refuse_login=false")
    assert isinstance(plan, dict)
    done = lab_shell("apply", str(plan["id"]), "--lab", status=1)
    assert "1 appliance(s) could not be compared" in done.stderr


def _appliances(shell: Shell) -> dict[str, object]:
    state = shell.json("lab", "status")
    assert isinstance(state, dict)
    assert isinstance(state["appliances"], dict)
    return dict(state["appliances"])
