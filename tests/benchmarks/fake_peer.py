"""A peer for tests: `fake_peer.py FORM KIND FILE` filters requests, and with the form `wrong` forgets one of them."""

import csv
import sys


def main(form: str, path: str) -> None:
    """Answer commands until there are no more."""
    with open(path, encoding="utf-8", newline="") as file:  # noqa: PTH123
        rows = [
            (1000 * int(at), client, float(took)) for at, client, status, took in csv.reader(file) if status < "500"
        ]
    for line in sys.stdin:
        word, _, to = line.strip().partition(" ")
        if word == "results":
            with open(to, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123
                csv.writer(file).writerows(rows[1:] if form == "wrong" else rows)
        sys.stdout.write(('"done"' if word == "results" else "0.5") + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[3])
