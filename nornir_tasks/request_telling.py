"""What went wrong with a request, in words: one line for who runs the worker, and no secret of the fleet in others."""

from lisiere.errors import LisiereError
from lisiere.model.report import Language
from lisiere.workflow.requests.due import WorkerDesk
from lisiere.workflow.requests.phrases import Phrase, RequestError


def worded(exc: Exception) -> str:
    """What went wrong in one line; of what nobody foresaw without its text, which may hold anything."""
    if isinstance(exc, LisiereError):
        return str(exc)
    if isinstance(exc, OSError):
        return f"{exc.filename}: {exc.strerror}" if exc.filename else str(exc)
    return f"something unforeseen ({type(exc).__name__})"


def reason_of(desk: WorkerDesk, exc: LisiereError) -> str:
    """What went wrong, for all who see the request: sentences of the product, and a number for anything else."""
    if isinstance(exc, RequestError):
        return "; ".join(one.told(Language.FR) for one in exc.phrases)
    number = desk.incident(str(exc))
    return told(Phrase.of("The operator cannot do this now; what hinders it is noted as {number}", number=number))


def told(phrase: Phrase) -> str:
    """A sentence as time lines hold it."""
    return phrase.told(Language.FR)
