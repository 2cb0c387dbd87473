"""How far an SQL expression goes, told by its quotes and brackets alone."""

_CLOSING = {"(": ")", "[": "]", "{": "}"}


def is_open(text: str) -> bool:
    """Whether a quote or a bracket of the SQL text is opened and not closed."""
    stack, quote = _state(text)
    return bool(stack) or bool(quote)


def _state(text: str) -> tuple[list[str], str]:
    stack: list[str] = []
    quote = ""
    for character in text:
        quote = _step(character, stack, quote)
    return stack, quote


def _step(character: str, stack: list[str], quote: str) -> str:
    """Takes one character; returns the quote that is open behind it."""
    if quote:
        return "" if character == quote else quote
    if character in "'\"":
        return character
    if character in _CLOSING:
        stack.append(_CLOSING[character])
    elif stack and character == stack[-1]:
        stack.pop()
    return ""


def end_of_expression(rest: str) -> int:
    """Where an SQL expression that begins `rest` ends: at a comma or a closing bracket that is not its own."""
    stack: list[str] = []
    quote = ""
    for index, character in enumerate(rest):
        if not stack and not quote and character in ",]}":
            return index
        quote = _step(character, stack, quote)
    return len(rest)
