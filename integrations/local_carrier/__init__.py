"""A carrier that is not there, for development alone: parcels move along by the clock."""
