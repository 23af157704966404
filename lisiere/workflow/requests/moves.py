"""What moved between the effect that a visa was given for and the effect as it is now, in words."""

from collections.abc import Iterator

from lisiere.model.effect import Effect, thawed
from lisiere.model.hashing import sha256_of
from lisiere.model.report import Language
from lisiere.model.request_case import Case
from lisiere.workflow.requests.phrases import Phrase


def void_reason(case: Case, frozen: bytes, effect: Effect) -> str:
    """Why visas no longer hold, in French and English; empty when they do.

    Args:
        case: The request with its visas.
        frozen: The bytes on record that its visas are bound to.
        effect: What it would do now.
    """
    if sha256_of(frozen) != case.effect_sha256 or any(one.sha256 != case.effect_sha256 for one in case.visas()):
        found: tuple[Phrase, ...] = (Phrase.of("the frozen effect was altered"),)
    elif case.lapsed:
        found = tuple(Phrase.of("{name}, who gave a visa, has lost that login since", name=one) for one in case.lapsed)
    elif effect.sha256 == case.effect_sha256:
        return ""
    else:
        found = moved(thawed(frozen), effect)
    return " / ".join("; ".join(one.told(language) for one in found) for language in Language)


def moved(shown: Effect, now: Effect) -> tuple[Phrase, ...]:
    """What differs; empty where the two are the same."""
    return tuple(_moved(shown, now))


def _moved(shown: Effect, now: Effect) -> Iterator[Phrase]:
    if shown.request != now.request:
        yield Phrase.of("the request itself")
    old, new = ({one.host: one for one in effect.appliances} for effect in (shown, now))
    for host in sorted(old.keys() | new.keys()):
        if host not in old:
            yield Phrase.of("{host} is concerned now", host=host)
        elif host not in new:
            yield Phrase.of("{host} is no longer concerned", host=host)
        elif old[host].before_sha256 != new[host].before_sha256:
            yield Phrase.of("the configuration of {host}", host=host)
        elif old[host] != new[host]:
            yield Phrase.of("what changes on {host}", host=host)
    if shown.files != now.files:
        yield Phrase.of("the lines of the inventory that change")
    for name in ("keys_made", "keys_ended", "keys_replaced", "warnings"):
        if getattr(shown, name) != getattr(now, name):
            yield Phrase.of("what is to be noted: {name}", name=name)
