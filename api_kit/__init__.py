"""What the doors share: endpoints declared by their signatures, OpenAPI, Idempotency-Key. Rooms may not import it."""
