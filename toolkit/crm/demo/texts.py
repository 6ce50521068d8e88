"""The two files that a reader of the demo opens first, and learns the formats from."""

from __future__ import annotations

__all__ = ["MODEL_YAML", "README", "crm_yaml"]

MODEL_YAML = """\
# A lead-scoring model in points, as marketing operations would read it off the screen of a CRM.
# A score is the sum of the points of all criteria whose conditions hold, within the limits below.
lead_score_model: 1
name: demo-inbound
version: 2024q4
valid_from: 2024-10-01

# fit: who the lead is. behavior: what the lead does. Each is kept between its limits.
dimensions:
  fit: {min: -50, max: 60}
  behavior: {min: -25, max: 100}

groups:
- id: role
  label: Role and company
  dimension: fit
  criteria:
  - id: vp_or_above
    label: VP or above
    when: {title: {contains_word: [vp, svp, chief]}}        # whole words: "vp" is not in "RSVP"
    points: 20
  - id: target_icp
    label: Target industry with 200 or more employees
    when:                                                   # both must hold
      industry: {in: [software, financial services, manufacturing]}
      employees: {gte: 200}
    points: 15
  - id: priority_region
    label: Priority region
    when: {region: {in: [north_america]}}
    points: 5
    basis: policy                                           # a choice, not evidence
  - id: free_email
    label: Free e-mail address
    when: {email_domain: {in: [gmail.com, outlook.com, yahoo.com, icloud.com, proton.me]}}
    points: -10
  - id: student
    label: Student or intern
    when: {title: {contains_word: [student, intern]}}       # not "International"
    points: -20

- id: intent
  label: Buying intent
  dimension: behavior
  criteria:
  - id: demo
    label: Demo requested
    activity: demo_request
    points: 30
    max_units: 1                                            # asking twice pays once
  - id: pricing
    label: Pricing page visited
    activity: page_view
    where: {page: {like: "/pricing*"}}
    within: 90d                                             # older visits no longer count
    points: 15
    max: 45

- id: content
  label: Content
  dimension: behavior
  max: 50                                                   # all content together
  criteria:
  - id: webinar
    label: Webinar attended
    activity: webinar_attended
    within: 180d
    points: 20
    max_units: 2
  - id: white_paper
    label: White paper downloaded
    activity: whitepaper_download
    within: 180d
    points: 10
    max: 20
  - id: email_click
    label: Link in an e-mail clicked
    activity: email_click
    within: 90d
    points: 3
    max: 9

- id: silence
  label: Silence
  dimension: behavior
  criteria:
  - id: unsubscribe
    label: Unsubscribed
    activity: unsubscribe
    points: -15
    max_units: 1
  - id: quiet
    label: No activity in 30 days
    inactivity: {after: 30d}
    points: -10

# A gate decides whatever the score is.
gates:
- when: {email_domain: {in: [rival.example, othervendor.example]}}
  then: disqualified

# Bands on the total score; `from` is included. `handoff` marks bands that go to sales.
bands:
- {name: immediate, from: 80, handoff: true}
- {name: mql, from: 50, handoff: true}
- {name: nurture, from: 40}
- {name: none}
"""

_CRM_YAML = """\
# Where the tables are and what their columns mean. Columns that are not listed keep their name.
crm_mapping: 1
source: .                                   # the folder of this file
observed_until: 2026-10-01T00:00:00Z        # the export has seen nothing later
time_zone: UTC                              # of timestamps that name no zone
missing: ["[not provided]"]                 # texts that stand for "unknown"

tables:
  leads:
    file: leads.{suffix}
    columns: {lead_id: lead_id, created_at: created_at, account_id: account_id}
  activities:
    file: activities.{suffix}
    columns: {lead_id: lead_id, activity_type: activity_type, occurred_at: occurred_at}
  stage_changes: {file: stage_changes.{suffix}}
  sales_feedback: {file: sales_feedback.{suffix}}

# Only marketing activities may earn points: calls and meetings follow the hand-off.
activity_roles:
  marketing:
  - page_view
  - form_submit
  - demo_request
  - whitepaper_download
  - webinar_attended
  - email_open
  - email_click
  - unsubscribe
  sales: [call, meeting]

# Our words for the stages, and those of the CRM.
stages:
  mql: [MQL]
  accepted: [Accepted]
  sql: [SQL]
  opportunity: [Opportunity]
  won: [Won]
  lost: [Lost]
  recycled: [Recycled]
  disqualified: [Disqualified]
handoff_stage: mql
worked_by: [feedback, sales_activity]       # what proves that sales acted on a lead
labels: {mql: MQL, sql: SQL, won: customer}
"""

README = """\
A synthetic B2B CRM, drawn from the seed in truth.json, which also says what is planted in it.
Begin with crm.yaml (where the tables are) and model.yaml (what the score is); nobody here is real.
"""


def crm_yaml(suffix: str) -> str:
    """Give the mapping file for tables with this file name suffix."""
    return _CRM_YAML.replace("{suffix}", suffix)
