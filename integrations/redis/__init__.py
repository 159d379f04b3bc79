"""Redis, which only hurries things up: everything it carries is found without it a moment later."""
