"""Notices of WeChat Pay."""
