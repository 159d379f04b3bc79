"""A WeChat that is not there.

Pay v3, the mini-program server API, message push, a cashier and a person's phone.

There is no test environment for WeChat Pay v3, so this process stands in for both of WeChat's hosts on the
wire, with real cryptography. The product reaches it by a base URL and has no branch for it. Everything a
test or a demonstration steers (people, faults, notices, the clock) lies under ``/sandbox``; no such path
exists at WeChat.
"""
