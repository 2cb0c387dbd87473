"""How a text is written in YAML so that it is read as it is."""


def quoted(text: str) -> str:
    """The text in double quotes, or in single ones where that needs no escapes."""
    if '"' not in text and "\\" not in text:
        return f'"{text}"'
    return "'" + text.replace("'", "''") + "'"
