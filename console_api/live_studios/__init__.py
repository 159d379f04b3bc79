"""Studio rooms: booked by hosts, run by the centre."""
