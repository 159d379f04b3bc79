"""Handing over against a one-time code: parcels that are fetched at a station."""
