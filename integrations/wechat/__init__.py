"""The mini-program's server API.

An async client for what a person waits for, wechatpy for what runs in Celery.
"""
