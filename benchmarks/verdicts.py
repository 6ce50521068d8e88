"""Error rates of verdicts on weights, as printed in docs/method/verdicts.md.

python -m benchmarks.verdicts [--runs 400] [--leads 20000 60000]
"""

from __future__ import annotations

import argparse

from tests.analysis.weights.simulation import (
    at_departure,
    error_rates,
    pool,
    power,
    several_wrong,
    slopes,
)


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--leads", type=int, nargs="+", default=[20_000, 60_000])
    options = parser.parse_args()
    half = options.runs // 2
    for leads in options.leads:
        worked = int(pool(leads, 10).worked.sum())
        print(f"{leads} leads, {worked} worked, {options.runs} runs")
        print("  all right:", error_rates(runs=options.runs, leads=leads), flush=True)
        # Upward the limit of the content group would cut the webinar's true points.
        for name, sign in (("target_icp", 1), ("webinar", -1)):
            for departure in (5, -5):
                found = at_departure(name, departure, runs=half, leads=leads)
                print(f"  {name} {departure:+d}:", found, flush=True)
            print(f"  {name}, power:", power(name, runs=half, leads=leads, sign=sign), flush=True)
        print("  several wrong:", several_wrong(runs=half, leads=leads), flush=True)
        print("  slopes:", slopes(leads=leads), flush=True)


if __name__ == "__main__":
    main()
