"""The admin console: the catalogue, its gaps, imports and the audit trail."""
