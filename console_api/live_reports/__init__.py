"""Reports of live rooms as the county works them off."""
