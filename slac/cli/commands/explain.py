"""`slac explain`: what a diagnostic code means, and how it is mended."""

from __future__ import annotations

import click

from slac.cli.console import put
from slac.diagnostics import CODES, UsageError, suggest


def _complete(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    return [c for c in CODES if c.startswith(incomplete)]


@click.command()
@click.argument("code", required=False, shell_complete=_complete)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def explain(code: str | None, form: str) -> None:
    """Print the page of a diagnostic CODE, such as names/unknown-column; without one, all codes and their titles."""
    chosen = list(CODES) if code is None else [_known(code)]
    if form == "json":
        put(_as_json(chosen))
    elif code is None:
        width = max(map(len, chosen))
        put("".join(f"{c:{width}}  {CODES[c]}\n" for c in chosen))
    else:
        put(_page(chosen[0]))


def _known(code: str) -> str:
    """The code as it is registered: brackets of a message and the name of its page are understood too."""
    plain = code.strip().removeprefix("error").removeprefix("warning").removeprefix("note").strip("[]:").lower()
    by_page = {c.replace("/", "-"): c for c in CODES}
    found = plain if plain in CODES else by_page.get(plain.removesuffix(".md"))
    if found is None:
        same_area = [c for c in CODES if c.startswith(f"{plain.partition('/')[0]}/")]
        near = suggest(plain, CODES).replace("did", "Did", 1) if "/" in plain or not same_area else ""
        area = f"Codes of this area: {', '.join(same_area)}." if same_area and not near else ""
        raise UsageError(f'there is no diagnostic code "{code}". {near or area or "`slac explain` lists all codes."}')
    return found


def _page(code: str) -> str:
    from slac.diagnostics.pages import page

    return page(code) or f"# {code}\n\n{CODES[code]}.\n"


def _as_json(codes: list[str]) -> str:
    import json

    rows = [{"code": c, "title": CODES[c], "page": _page(c)} for c in codes]
    return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"
