"""The settings as their readers see them: the text of `.env.example` and the table of the README."""

from itertools import groupby
from string import Template
from textwrap import wrap
from typing import Final

from app.settings import VARIABLES
from app.settings.variable import Variable

_WIDTH: Final = 100
_HEAD: Final = """\
The settings of Evenstar: environment variables, read once when a process starts. In development they may
stand in a file .env in the working directory; what the environment itself holds comes first. Each line
below shows a default or, where there is none, an example: take away its # to set it.

Each variable but SIGNING_KEYS_FILE, itself a path, may also be given as NAME_FILE: the path of a file that
holds the value. An empty value counts as none. Production refuses to start with the secrets shown here.

The address, the port and the number of workers belong to the command line: see `litestar run --help`, or
set LITESTAR_HOST, LITESTAR_PORT and LITESTAR_WEB_CONCURRENCY."""


def render_env() -> str:
    """The text of `.env.example`, whose every line may be uncommented in development."""
    lines = [f"# {line}".rstrip() for line in _HEAD.splitlines()]
    for group, members in groupby(VARIABLES.items(), key=lambda member: member[1].group):
        lines += ["", f"# ---- {group} ----"]
        for field, variable in members:
            value = variable.example or Template(variable.default or "").substitute(_defaults())
            told = (variable.meaning, f"Value: {_value(variable)}.", f"Default: {_default(variable)}.")
            lines += [
                "",
                *(line for text in told for line in _comment(text)),
                f"#{field.upper()}={_quoted(value)}",
            ]
    return "\n".join(lines) + "\n"


def render_table() -> str:
    """A Markdown table of all variables."""
    rows = [("Variable", "Meaning", "Value", "Default"), ("---", "---", "---", "---")]
    for field, variable in VARIABLES.items():
        name = f"`{field.upper()}`" + (" (secret)" if variable.secret else "")
        rows.append((name, variable.meaning, _value(variable), _default(variable)))
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _comment(text: str) -> list[str]:
    return wrap(text, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)


def _value(variable: Variable) -> str:
    there = f"; in production {variable.in_production.description}" if variable.in_production else ""
    return f"{variable.form.description}{there}"


def _default(variable: Variable) -> str:
    there = "; required in production" if variable.required else ""
    if variable.production_default:
        there = f"; `{variable.production_default}` in production"
    return f"`{variable.default}`{there}" if variable.default else f"none{there}"


def _defaults() -> dict[str, str]:
    return {field.upper(): variable.default or "" for field, variable in VARIABLES.items()}


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value else value
