"""A model in the formats of other tools: JSON Schema, build sheet, PMML, HubSpot draft."""
