"""Run by the Python that has `pesq`: scores pairs of raw 16-bit files, and prints the list as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pesq  # type: ignore[import-not-found]  # lives in an environment of its own: it is built on the spot


def main() -> None:
    folder, count, rate = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    scores = []
    for number in range(count):
        source, found = (np.fromfile(folder / f"{number}-{kind}", "<i2") for kind in ("source", "found"))
        scores.append(float(pesq.pesq(rate, source, found, "wb")))
    print(json.dumps(scores))


if __name__ == "__main__":
    main()
