"""A crm.yaml to begin with, in which every line says what it is for."""

from __future__ import annotations

__all__ = ["CRM_TEMPLATE"]

CRM_TEMPLATE = """\
# Where the tables of your export are, and what their columns and words mean.
# Lines that begin with # do nothing; take the # away to use them. `leadscore check --crm crm.yaml`
# says what is missing.
crm_mapping: 1
source: .                                   # folder with the files, or a .duckdb file
observed_until: 2026-01-01T00:00:00Z        # CHANGE: the moment of the export; it saw nothing later
time_zone: UTC                              # zone of times that name none, as in Europe/Berlin
# missing: ["[not provided]", Select]       # texts that stand for "unknown" beside blank ones

# Each table is <name>.csv or <name>.parquet unless a file is named here. In `columns` the
# toolkit's name comes first, the export's second; columns that are not listed keep their names.
tables:
  leads:
    file: leads.csv                         # one row for each lead
    columns: {lead_id: lead_id, created_at: created_at}
  activities:
    file: activities.csv                    # one row for each thing a lead did
    columns: {lead_id: lead_id, activity_type: activity_type, occurred_at: occurred_at}
  stage_changes:
    file: stage_changes.csv                 # one row for each stage that a lead entered
    columns: {lead_id: lead_id, stage: stage, entered_at: entered_at}

# Only marketing activities earn points; what sales does follows the hand-off.
activity_roles:
  marketing:
  - page_view
  - form
  - demo_request
  - download
  - webinar_attended
  - email_open
  - email_click
  - link_click
  - unsubscribe
  sales: [call, meeting, recycled]
  system: [score_change]

# Our words for the stages, and those of the export.
stages:
  mql: [MQL]
  sql: [SQL]
  opportunity: [Opportunity]
  won: [Closed won]
  lost: [Closed lost]
handoff_stage: mql                          # the stage at which sales takes over
# field_roles: {sales: [status]}            # fields that know the outcome: sales, outcome, known_before
# worked_by: [sales_activity]               # what proves that sales acted on a lead
# labels: {won: customer}                   # words for the reports
"""
