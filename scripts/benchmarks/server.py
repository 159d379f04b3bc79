"""The measured process: the product's application, and the yardsticks as routes beside it.

The yardsticks pass through the same middlewares; their pool has the size and the settings of the product's.
"""

from typing import Any

import asyncpg
import msgspec
from sanic import Request, Sanic
from sanic.response import HTTPResponse

from api_kit.answer_cache import AnswerCache
from kit.clock import utc_now
from kit.numbers import public_number
from server.app import create_app
from server.collecting import keep_what_stands
from server.database import tortoise_config
from server.settings import Settings, load_settings
from server.sockets import SocketProtocol
from server.telemetry import configure_logging

JSON = "application/json"
TABLE = """
CREATE TABLE IF NOT EXISTS benchmark_order (
    id bigserial PRIMARY KEY, number varchar(32) NOT NULL UNIQUE, consumer varchar(32) NOT NULL,
    sku varchar(40) NOT NULL, quantity int NOT NULL, amount_fen bigint NOT NULL, delivery jsonb NOT NULL,
    placed_at timestamptz NOT NULL);
GRANT SELECT, INSERT ON benchmark_order TO PUBLIC;
GRANT USAGE ON SEQUENCE benchmark_order_id_seq TO PUBLIC
"""
ONE_QUERY = """
SELECT code, title, subtitle, image, township_id, return_policy, sale_policy, listed_at
  FROM product WHERE state = 'listed' ORDER BY listed_at DESC, id DESC LIMIT 20
"""
ONE_STATEMENT = """
INSERT INTO benchmark_order (number, consumer, sku, quantity, amount_fen, delivery, placed_at)
VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7) RETURNING id
"""


def add_yardsticks(app: Sanic[Any, Any], settings: Settings) -> None:
    """``/yardstick/static/<bytes>``, ``/yardstick/query``, ``/yardstick/order``, and how many answers were made."""
    bodies: dict[int, bytes] = {}
    pools: list[asyncpg.Pool] = []

    async def open_pool(_: Any) -> None:
        made = tortoise_config(settings.database)["connections"]["default"]["credentials"]
        sizes = {"min_size": made.pop("minsize"), "max_size": made.pop("maxsize")}
        pools.append(await asyncpg.create_pool(**made, **sizes))
        owner = await asyncpg.connect(settings.database.migrate_url)
        await owner.execute(TABLE)
        await owner.close()

    async def close_pool(_: Any) -> None:
        await pools.pop().close()

    async def static(_: Request, size: int) -> HTTPResponse:
        body = bodies.setdefault(size, b'"' + b"x" * (size - 2) + b'"')
        return HTTPResponse(body, content_type=JSON)

    async def query(_: Request) -> HTTPResponse:
        found = await pools[0].fetch(ONE_QUERY)
        return HTTPResponse(msgspec.json.encode([dict(r) for r in found]), content_type=JSON)

    async def order(request: Request) -> HTTPResponse:
        body = msgspec.json.decode(request.body)
        now, line = utc_now(), body["lines"][0]
        number, delivery = public_number(now), msgspec.json.encode(body["delivery"]).decode()
        found = await pools[0].fetchval(
            ONE_STATEMENT, number, "consumer", line["sku"], line["quantity"], 1990, delivery, now
        )
        return HTTPResponse(msgspec.json.encode({"number": number, "id": found}), status=201, content_type=JSON)

    async def made(_: Request) -> HTTPResponse:
        return HTTPResponse(str(app.ctx.built.services[AnswerCache].made), content_type="text/plain")

    app.register_listener(open_pool, "before_server_start")
    app.register_listener(close_pool, "after_server_stop")
    app.add_route(static, "/yardstick/static/<size:int>", name="yardstick_static")
    app.add_route(query, "/yardstick/query", name="yardstick_query")
    app.add_route(made, "/yardstick/made", name="yardstick_made")
    app.add_route(order, "/yardstick/order", methods=["POST"], name="yardstick_order")


def main() -> None:
    """Serve until told to stop."""
    settings = load_settings()
    configure_logging(settings.log_level)
    app = create_app(settings)
    add_yardsticks(app, settings)
    keep_what_stands()
    app.run(
        host=settings.api_host, port=settings.api_port, single_process=True, access_log=False, motd=False,
        backlog=4096, protocol=SocketProtocol,
    )  # fmt: skip


if __name__ == "__main__":
    main()
