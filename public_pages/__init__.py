"""The door of pages: HTML in Chinese for any phone that has read a code, without scripts and without a log-in."""

from api_kit.doors import Door

door = Door("pages", "", "公开网页：扫码结果", pages=True)
