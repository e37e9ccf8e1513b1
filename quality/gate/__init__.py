"""The gate: rules, blind labeller, judge, verdict."""
