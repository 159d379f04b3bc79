"""A live room in a browser: pictures, feed and shelf as every viewer has them, to look at and to test with."""
