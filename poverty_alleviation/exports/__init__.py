"""Tables that leave the office: asked by one, approved by another, made once, marked at each download, destroyed."""
