"""Errors of verdicts with few or unequal accounts, as printed in docs/method/verdicts.md.

python -m benchmarks.few_accounts [--runs 400] [--leads 6000]
"""

from __future__ import annotations

import argparse

from tests.analysis.weights.few_accounts import equal_sizes, few_account_errors, giant_sizes


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--leads", type=int, default=6_000)
    options = parser.parse_args()
    n = options.leads
    designs = {f"{g:,} equal": equal_sizes(g, n) for g in (12, 40, 150, n)}
    designs |= {f"one of half, {g:,} others": giant_sizes(g, n) for g in (11, 39, 149, n // 2)}
    for name, sizes in designs.items():
        for departure in (0.0, 5.0):
            found = few_account_errors(sizes, runs=options.runs, departure=departure)
            shares = " | ".join(f"{share:.1%}" for share in found.values())
            print(f"| {name} | {departure:+.0f} | {shares} |", flush=True)


if __name__ == "__main__":
    main()
