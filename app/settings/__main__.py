"""Prints what `.env.example` must hold (`env`), or the table of the README (`table`)."""

import sys
from argparse import ArgumentParser

from app.settings.document import render_env, render_table

if __name__ == "__main__":
    renderings = {"env": render_env, "table": render_table}
    parser = ArgumentParser(prog="python -m app.settings", description=__doc__)
    parser.add_argument("rendering", choices=renderings)
    sys.stdout.write(renderings[parser.parse_args().rendering]())
