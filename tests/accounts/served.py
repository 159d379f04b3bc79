"""The doors of accounts, merchants and products on a port of this process, with real log-ins."""

import socket
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
from sanic import Sanic

import console_api.accounts.endpoints
import console_api.catalogue.endpoints
import console_api.logistics.endpoints
import console_api.merchants.endpoints
import console_api.product_tables.endpoints
import console_api.products.endpoints
import console_api.promotions.endpoints
import miniapp_api.accounts.endpoints
import miniapp_api.logistics.endpoints
import miniapp_api.own_data.endpoints
import miniapp_api.products.endpoints
import miniapp_api.promotions.endpoints
import webhook_api.logistics.endpoints
from accounts.closures import Closures
from accounts.consents import Consents
from accounts.exports import Exports
from accounts.service import AccessLogs, ConsumerLogin, Sessions
from accounts.staff import StaffAccounts, StaffLogin
from api_kit.doors import Door
from api_kit.mounting import mount
from console_api import door as console
from console_api.offers import endpoints as offers_of_merchants
from content.pictures import Pictures
from integrations.object_storage.folder import FolderStorage
from logistics.addresses import AddressBook
from logistics.carriers import Carriers
from logistics.parcels import Parcels
from logistics.reports import ShippingReports
from logistics.templates import FreightTemplates
from logistics.tracking import Tracking
from merchants.applications import LegalPersons
from merchants.commissions import CommissionDesk
from merchants.service import Merchants
from miniapp_api import door as miniapp
from miniapp_api.offers import endpoints as offers_to_buyers
from products.categories import Categories
from products.certificates import Certificates
from products.imports import Imports
from products.knives import Knives
from products.marks import Marks
from products.offers import Offers
from products.service import Catalogue, Stock
from promotions.campaigns import Campaigns
from promotions.coupons import Coupons
from server.authentication import authenticator
from server.problems import problem_for
from tests.accounts.people import PASSWORD, SomeoneElsesPhone, quick_passwords, throwaway_cipher
from webhook_api import door as webhook

ENDPOINTS = (
    console_api.accounts.endpoints,
    console_api.logistics.endpoints,
    console_api.catalogue.endpoints,
    console_api.merchants.endpoints,
    console_api.product_tables.endpoints,
    console_api.products.endpoints,
    console_api.promotions.endpoints,
    miniapp_api.accounts.endpoints,
    miniapp_api.logistics.endpoints,
    miniapp_api.own_data.endpoints,
    miniapp_api.products.endpoints,
    miniapp_api.promotions.endpoints,
    offers_of_merchants,
    offers_to_buyers,
    webhook_api.logistics.endpoints,
)


@dataclass
class Served:
    """A client of the doors."""

    http: httpx.AsyncClient

    async def staff(self, login: str, **choice: str) -> dict[str, str]:
        """The header of a member of staff who has logged in."""
        body = {"login": login, "password": PASSWORD, **choice}
        answer = await self.http.post("/v1/console/session", json=body)
        assert answer.status_code == 201, answer.text
        return {"authorization": f"Bearer {answer.json()['token']}"}

    async def consumer(self, openid: str) -> dict[str, str]:
        """The header of a consumer who has logged in."""
        answer = await self.http.post("/v1/miniapp/session", json={"code": f"login-{openid}"})
        assert answer.status_code == 201, answer.text
        return {"authorization": f"Bearer {answer.json()['token']}"}


@asynccontextmanager
async def served(*more: object, also: Sequence[ModuleType] = ()) -> AsyncIterator[Served]:
    """Serve the doors for the length of a block, on a port that the kernel chooses.

    ``more`` are services, ``also`` further modules of endpoints.
    """
    passwords, sessions, cipher = quick_passwords(), Sessions(), throwaway_cipher()
    services = {
        type(service): service
        for service in (
            sessions,
            ConsumerLogin(SomeoneElsesPhone(), cipher, sessions, "wxdemo"),
            StaffLogin(passwords, sessions),
            StaffAccounts(passwords),
            Merchants(),
            CommissionDesk(is_offered=False, limit_bp=0),
            LegalPersons(cipher, AccessLogs()),
            Catalogue(),
            Marks(),
            Categories(),
            Certificates(),
            Knives(),
            Imports(Catalogue(), Stock()),
            Stock(),
            FreightTemplates(),
            Offers(),
            Consents(),
            Exports((), AccessLogs(), 3),
            Closures((), timedelta(days=7)),
            Campaigns(),
            Coupons(),
            AddressBook(cipher),
            Carriers(cipher),
            ShippingReports(),
            AccessLogs(),
            Tracking(None, Parcels()),
            Pictures(
                FolderStorage(Path(tempfile.gettempdir(), "longchuan-no-pictures")), "https://pictures.example.cn"
            ),
            *more,
        )
    }
    Sanic.test_mode = True  # else Sanic rewrites its own methods, which works once per process
    app: Sanic[Any, Any] = Sanic("catalogue_doors", configure_logging=False)
    app.error_handler.default = problem_for  # type: ignore[method-assign,assignment]
    modules = {module.__name__ for module in (*ENDPOINTS, *also)}
    for whole in (console, miniapp, webhook):
        part = Door(whole.name, whole.prefix, whole.title)
        part.endpoints = [e for e in whole.endpoints if e.handler.__module__ in modules]
        mount(app, part, services, authenticator(sessions))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        server = await app.create_server(sock=listener, return_asyncio_server=True, access_log=False)
        assert server is not None
        await server.startup()  # type: ignore[no-untyped-call]
        await server.start_serving()  # type: ignore[no-untyped-call]
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            async with httpx.AsyncClient(base_url=base, trust_env=False) as http:
                yield Served(http)
        finally:
            await server.close()  # type: ignore[no-untyped-call]
            for connection in server.connections:
                connection.abort()
            Sanic._app_registry.clear()
