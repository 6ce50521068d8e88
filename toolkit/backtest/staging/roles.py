"""No model may pay for what follows the hand-off or the outcome.

The analyst says so once, in crm.yaml: `field_roles` of a name, `activity_roles` of a type. A score
that is paid for its own success looks better than it is, in every number, so nothing is staged.
"""

from __future__ import annotations

from toolkit.crm import Crm
from toolkit.errors import ModelError
from toolkit.model import Model
from toolkit.model.logic import looks_at

__all__ = ["follows", "refuse_followers"]

_CAUSES = {"sales": "the hand-off", "outcome": "the outcome"}
"""What a field or an activity with this role follows."""


def refuse_followers(model: Model, crm: Crm, read: set[str]) -> None:
    """Refuse a model that looks at what crm.yaml answers `sales` or `outcome` in `field_roles`.

    `read` are the columns of leads that the model reads in whatever way: gates and exceptions of
    bands decide who is counted, so they may not know the outcome either.

    Raises ModelError with the criterion, its line in the model file, and the line of the answer.
    """
    answers = _answers(crm)
    derived = {name: rule.source for name, rule in model.derive}
    for placed in model.criteria:
        for name in looks_at(placed.criterion):
            said = answers.get(_plain(derived.get(name, name)))
            if said is not None:
                text = f"criterion '{placed.criterion.id}' pays for '{name}', {follows(*said)}"
                raise model.standing.error(text, placed.criterion.id)
    for name in sorted(read):
        if (said := answers.get(_plain(name))) is not None:
            raise ModelError(f"a gate or a band looks at '{name}', {follows(*said)}")


def follows(role: str, place: str) -> str:
    """The rest of the sentence: what the role means, where it stands and what to do."""
    cause = _CAUSES.get(role, "what the system does itself")
    return (
        f"whose role in crm.yaml is '{role}' ({place}): it may be a consequence of {cause} and "
        "would make the score look better than it is. Take it out of the model; if it stood "
        "before, correct the role (known_before for a field, marketing for an activity)"
    )


def _answers(crm: Crm) -> dict[str, tuple[str, str]]:
    """Role and place by name: ours, and that of the export."""
    columns = crm.mapping.table("leads").columns
    ours = {_plain(theirs): _plain(name) for name, theirs in columns.items()}
    found = {}
    for role in _CAUSES:
        for i, name in enumerate(crm.mapping.field_roles.get(role, ())):
            place = crm.written.place("field_roles", role, i)
            found[_plain(name)] = found[ours.get(_plain(name), _plain(name))] = (role, place)
    return found


def _plain(name: str) -> str:
    return name.strip().casefold()
