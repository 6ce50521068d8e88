"""What the ladder of a proposal chooses, as printed in docs/method/proposal.md.

python -m benchmarks.ladder [--runs 500] [--leads 1500 6000]
"""

from __future__ import annotations

import argparse

from tests.analysis.proposal.ladder_rates import ACTIONS, choice_rates


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--leads", type=int, nargs="+", default=[1_500, 6_000])
    options = parser.parse_args()
    for leads in options.leads:
        for sd in (0.0, 1.0):
            for truth in ACTIONS:
                found = choice_rates(truth, runs=options.runs, leads=leads, account_sd=sd)
                shares = " | ".join(f"{share:.1%}" for share in found)
                known = "known" if sd else "not known"
                print(f"| {leads:,} | {known} | {truth} | {shares} |", flush=True)


if __name__ == "__main__":
    main()
