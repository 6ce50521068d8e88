"""The sections of the weight review: every number traced, every form escaped, no number infinite."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace

import pandas as pd
import pytest

from tests.report.weights import flat
from toolkit.analysis.weights import fit_weights, weight_table
from toolkit.counts import AccountCells
from toolkit.errors import DataError, QuestionError
from toolkit.model import diff_models, parse_model
from toolkit.report import weights as report
from toolkit.report.display import FACTS_KIND, FILES_KIND
from toolkit.report.weights import Review
from toolkit.report.weights.compared import difference_text
from toolkit.report.weights.front import answer
from toolkit.report.weights.limits import fingerprint
from toolkit.report.weights.plan import proposal_files
from toolkit.report.wording import MINUS

SECTIONS = [getattr(report, name) for name in report.__all__ if name.startswith("show_")]
ANSWERS = {"Yes", "No", "Not enough evidence", "Cannot be told from this data"}
TRUE = {"a": 60.0, "b": 15.0, "c": -10.0, "d": 30.0}


@pytest.fixture(scope="module")
def found() -> Review:
    """A review in which `a` is paid 20 and worth 60, and `d` is policy."""
    return flat.review(flat.drawn(TRUE, n=6000), policy="d", label=flat.NASTY)


def test_the_facts_are_the_rows_of_the_weight_table(found: Review):
    facts = report.show_criteria(found).facts
    for row in weight_table(found.weights).to_dict("records"):
        name = f"term.{row['term']}"
        assert facts[f"{name}.supported"] == pytest.approx(row["implied_points"], abs=1e-8)
        assert facts[f"{name}.low"] == pytest.approx(row["implied_low"], abs=1e-8)
        assert facts[f"{name}.now"] == row["now"]


def test_one_wrong_point_value_is_the_one_that_changes(found: Review):
    said, why = answer(found)
    assert said == "Yes"
    assert why.startswith("For 1 of 3 point values the outcomes rule out, after correction")
    facts = report.show_verdict(found).facts
    assert facts["weights.change"] == 1
    assert facts["weights.no_proposal"] == 1
    moved = found.proposal.table.set_index("term")["proposed"].to_dict()
    assert moved["a"] in (50, 55, 60, 65, 70)
    assert {name: moved[name] for name in "bcd"} == {"b": 15, "c": -10, "d": 30}


def test_every_section_speaks_in_three_forms_without_markup_of_the_model(found: Review):
    for show in SECTIONS:
        bundle = show(found)._repr_mimebundle_()
        assert {"text/html", "text/plain", FACTS_KIND} <= set(bundle)
        json.dumps(bundle[FACTS_KIND], allow_nan=False)
        assert "<script" not in bundle["text/html"]
        words = bundle["text/plain"].casefold().replace("(", " ").replace(")", " ").split()
        assert not {"nan", "inf", "+inf", "-inf", "none"} & set(words)


HARD = {
    "nothing declared": lambda: flat.review(flat.drawn(TRUE, n=900), declared=False),
    "every lead converted": lambda: flat.review(flat.drawn(TRUE, n=300).assign(won=1)),
    "all alike": lambda: flat.review(flat.drawn(TRUE, n=300).assign(a=1, b=1, c=1, d=1)),
    "nobody has one": lambda: flat.review(flat.drawn(TRUE, n=300).assign(a=0)),
    "all set aside": lambda: flat.review(
        flat.drawn(TRUE, n=300), after_contact=("a", "b", "c", "d")
    ),
    "no threshold": lambda: flat.review(flat.drawn(TRUE, n=4000), bands=False),
    "a score upside down": lambda: flat.review(
        flat.drawn({"a": -60.0, "b": -60.0, "c": 60.0, "d": -60.0}, n=900)
    ),
}


@pytest.mark.parametrize("case", HARD)
def test_what_cannot_be_known_is_said_in_words(case: str):
    hard = HARD[case]()
    stated: dict[str, object] = {}
    for show in SECTIONS:
        bundle = show(hard)._repr_mimebundle_()
        json.dumps(bundle[FACTS_KIND], allow_nan=False)
        words = re.sub(r"[():;,]", " ", bundle["text/plain"].casefold()).split()
        assert not {"nan", "nan%", "inf", "+inf", "-inf", "+nan"} & set(words)
        for name, value in bundle[FACTS_KIND].items():
            assert stated.setdefault(name, value) == value
    assert stated["verdict.answer"] in ANSWERS


def test_sections_agree_on_every_fact(found: Review):
    stated: dict[str, object] = {}
    for show in SECTIONS:
        for name, value in show(found).facts.items():
            assert stated.setdefault(name, value) == value


def test_the_files_are_the_proposed_model_and_its_difference(found: Review):
    handed = report.show_proposal(found)._repr_mimebundle_()[FILES_KIND]
    assert handed == proposal_files(found)
    read = parse_model(handed[".proposal.yaml"])
    assert (
        read.hash == found.proposal.model.hash == report.show_proposal(found).facts["proposal.hash"]
    )
    assert handed[".diff.md"] == diff_models(found.model, read).markdown
    assert "<script" not in handed[".diff.md"]


def test_without_a_change_the_file_is_todays_and_says_so():
    kept = flat.review(flat.drawn({"a": 20.0, "b": 15.0, "c": -10.0, "d": 30.0}, n=500))
    files = proposal_files(kept)
    assert files[".proposal.yaml"].startswith(
        "# No change is proposed: these are today's points.\n"
    )
    assert parse_model(files[".proposal.yaml"]).hash == kept.model.hash
    assert "No difference." in files[".diff.md"]
    assert "there is no challenger" in report.show_comparison(kept).plain()
    assert "there is no challenger" in report.show_swap(kept).plain()


def test_all_right_is_a_no():
    kept = flat.review(flat.drawn({"a": 20.0, "b": 15.0, "c": -10.0, "d": 30.0}, n=40_000))
    assert answer(kept) == ("No", "All 4 point values are right within 5 points.")


def test_the_leads_that_change_band_are_those_of_the_rows():
    rows = flat.drawn(TRUE, n=6000)
    found = flat.review(rows)
    points = found.proposal.table.set_index("term")
    score = rows[list(flat.POINTS)].to_numpy() @ list(flat.POINTS.values())
    moved = score + rows["a"].to_numpy() * float(points.loc["a", "change"])
    # One threshold, at 40; only `a` changes.
    assert found.movers == {"a": int(((score < 40) & (moved >= 40)).sum())}
    assert f"{found.movers['a']:,}" in report.show_criteria(found).plain()


def test_policy_is_priced_and_never_moved(found: Review):
    row = found.proposal.prices.to_dict("records")[0]
    text = report.show_prices(found).plain()
    assert f"costs {row['price']:.2f} expected conversions per 100 worked leads" in text
    assert found.proposal.table.set_index("term").loc["d", "change"] == 0


def test_shuffled_rows_give_the_same_page():
    rows = flat.drawn(TRUE, n=1500)
    one, other = flat.review(rows), flat.review(rows.sample(frac=1, random_state=3))
    assert fingerprint(one.patterns) == fingerprint(other.patterns)
    for show in SECTIONS:
        assert show(one)._repr_mimebundle_() == show(other)._repr_mimebundle_()


def test_a_file_cannot_be_paid_for_activities():
    text = flat.model_text(flat.POINTS).replace("dimension: fit", "dimension: behavior")
    with pytest.raises(QuestionError, match="a flat file without dates"):
        report.prepare_flat_review(
            scored=flat.drawn(TRUE, n=50), model=parse_model(text), outcome="won",
            prepared_on=flat.DAY,
        )  # fmt: skip


def test_a_file_in_which_nothing_converted_is_refused():
    with pytest.raises(DataError, match="none of its 50 rows with an outcome has 'won'"):
        flat.review(flat.drawn(TRUE, n=50).assign(won=0))


def test_asking_for_neither_review_says_what_is_needed():
    with pytest.raises(QuestionError, match="needs a model and either a CRM"):
        report.prepare()
    with pytest.raises(QuestionError, match="prepared_on is 'soon'"):
        report.prepare(prepared_on="soon")


def test_the_median_visible_fault_is_that_of_the_table(found: Review):
    seen = report.show_verdict(found).facts["weights.detectable_median"]
    judged = found.table[found.table["verdict"] != "no proposal"]["detectable"]
    assert seen == pytest.approx(sorted(judged)[len(judged) // 2], abs=1e-8)
    assert not math.isnan(float(seen))


@pytest.mark.parametrize(
    ("known", "merged", "said"),
    [
        (True, 0, "known: every interval allows for them"),
        (
            False,
            1,
            "not known: only 1 merged lead with its survivor are taken together, all others",
        ),
        (False, 3, "not known: only 3 merged leads with their survivors are taken together, all o"),
    ],
)
def test_leads_that_were_merged_are_no_accounts(known: bool, merged: int, said: str, found: Review):
    origin = replace(found.patterns.provenance, accounts_known=known, merged=merged)
    pairs = AccountCells(pd.DataFrame({"account": [0, 0], "cell": [0, 1], "n": [1, 1]}))
    patterns = replace(found.patterns, provenance=origin, accounts=pairs)
    weights = fit_weights(patterns)
    clustered = replace(found, patterns=patterns, weights=weights)
    assert said in report.show_method(clustered).plain()
    share = "leads of one account share" if known else "merged leads and survivors share"
    assert share in report.show_flow(clustered).plain()


def test_a_point_value_outside_its_own_interval_says_why(found: Review):
    table = found.proposal.table.copy()
    a = table["criterion"] == "a"
    table.loc[a, ["proposed", "change"]] = 95.0, 75.0
    far = replace(found, proposal=replace(found.proposal, table=table))
    said = report.show_criteria(far).plain()
    assert (
        "Proposed: from +20 to +95, outside that interval, because whole points are chosen" in said
    )
    assert "outside that interval" not in report.show_criteria(found).plain()


def test_a_difference_has_true_minus_signs():
    row = {"difference": -0.0012, "low": -0.0042, "high": 0.0018}
    assert difference_text("net benefit", row) == (
        f"{MINUS}0.0012", f"{MINUS}0.0042 to +0.0018 per lead",
    )  # fmt: skip


def test_criteria_that_are_not_open_to_evidence_are_counted_beside_the_others(found: Review):
    text = report.show_verdict(found).plain()
    # Three values that could change, and one of policy.
    assert (
        "1 of 3: point values change in the proposal (0 right within 5 points, 2 open; 1 more not open"
        in text
    )


def test_the_whole_forest_stands_below_where_page_one_has_no_room(found: Review):
    title = "1 of 3 point values should change"
    assert title not in report.show_criteria(found).plain()
    many = flat.review(
        flat.drawn(dict.fromkeys("abcdefghij", 20.0), n=800),
        dict.fromkeys("abcdefghij", 20),
    )
    assert "point values" in report.show_criteria(many).plain().split("What follows")[0]
