"""Events of EPCIS 2.0 of what happened to goods, written from the house's facts: an observer, asked by nobody below."""
