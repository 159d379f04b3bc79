"""Categories and their rules, certificates, blades, and what runs out."""
