"""Who may present: identity, contract, training, and who may not any more."""
