"""A command line split into words as the shell splits it."""

from lisiere.errors import LisiereError


class UnfinishedError(LisiereError):
    """A quote is open at the end of the line."""


def split(line: str) -> list[list[str]]:  # noqa: C901 - one case a kind of character
    """The commands of a pipeline, each as its words.

    Raises:
        UnfinishedError: A quote is open.
    """
    pipeline: list[list[str]] = [[]]
    word: list[str] | None = None
    quote = ""
    chars = iter(line)
    for char in chars:
        if quote:
            if char == quote:
                quote = ""
            elif char == "\\" and quote == '"':
                word = _add(word, next(chars, ""))
            else:
                word = _add(word, char)
        elif char in "'\"":
            quote, word = char, word if word is not None else []
        elif char == "\\":
            word = _add(word, next(chars, ""))
        elif char.isspace() or char == "|":
            if word is not None:
                pipeline[-1].append("".join(word))
                word = None
            if char == "|":
                pipeline.append([])
        else:
            word = _add(word, char)
    if quote:
        raise UnfinishedError("a quote is open")
    if word is not None:
        pipeline[-1].append("".join(word))
    return pipeline


def _add(word: list[str] | None, char: str) -> list[str]:
    word = word if word is not None else []
    word.append(char)
    return word
