"""Print how many planted faults `check` and the generated tests catch, by kind.

python -m tests.mutations [--every N] [--buffers] [LAYER...]
"""

from __future__ import annotations

import argparse

import symgrad
from tests.mutations.table import tally

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("names", nargs="*", metavar="LAYER")
parser.add_argument("--every", type=int, default=1, help="take each N-th fault alone")
parser.add_argument("--buffers", action="store_true", help="the classes with buffers=True")
arguments = parser.parse_args()
catalogue = symgrad.catalog()
found = tally(
    [catalogue[n] for n in arguments.names or catalogue], arguments.every, arguments.buffers
)
print(found)
print("\n".join(found.missed))
