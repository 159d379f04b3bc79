"""OpenAPI 3.1 from the endpoints themselves, so that the description cannot drift from the code."""

import re
from typing import Any, get_args, get_origin

import msgspec
from sanic.response import HTTPResponse, ResponseStream

from api_kit.doors import Answer, Door, Endpoint
from api_kit.schemas import Problem

_REFERENCE = "#/components/schemas/{name}"
_BYTES = {"type": "string", "format": "binary"}
_UPLOAD = {
    "type": "object",
    "required": ["file", "purpose"],
    "properties": {"file": _BYTES, "purpose": {"type": "string"}},
}
_UPLOADS = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": {"type": "array", "items": _BYTES, "minItems": 1}},
}
_FILE = {
    "application/octet-stream": {"schema": _BYTES},
    "multipart/form-data": {"schema": {"type": "object", "required": ["file"], "properties": {"file": _BYTES}}},
}
_HTML: dict[str, Any] = {"text/html": {"schema": {"type": "string"}}}
_PATH_TYPES = {"int": {"type": "integer"}, "uuid": {"type": "string", "format": "uuid"}}


def describe(doors: list[Door], version: str) -> dict[str, Any]:
    """The OpenAPI document of some doors: real schemas for bodies, queries, answers and problems."""
    endpoints = [e for door in doors for e in door.endpoints]
    shapes: list[Any] = [Problem]
    for e in endpoints:
        shapes += [s for s in (e.body, e.query, _answer_shape(e)) if s is not None]
    schemas, components = msgspec.json.schema_components(shapes, ref_template=_REFERENCE)
    by_shape = {id(shape): schema for shape, schema in zip(shapes, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for door in doors:
        for e in door.endpoints:
            path = re.sub(r"<(\w+)(?::\w+)?>", r"{\1}", e.path)
            paths.setdefault(path, {})[e.method.lower()] = _operation(e, door, by_shape, components)
    return {
        "openapi": "3.1.0",
        "info": {"title": "陇川县电商公共服务 API (Longchuan)", "version": version},
        "tags": [{"name": d.name, "description": d.title} for d in doors],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _answer_shape(e: Endpoint) -> Any:
    if e.returns is None or e.returns is type(None) or e.websocket:
        return None
    if get_origin(e.returns) is Answer:
        return get_args(e.returns)[0]
    if isinstance(e.returns, type) and issubclass(e.returns, msgspec.Struct):
        return e.returns
    if get_args(e.returns):
        return e.returns
    return None


def _operation(e: Endpoint, door: Door, by_shape: dict[int, Any], components: dict[str, Any]) -> dict[str, Any]:
    problem: dict[str, Any] = {"application/problem+json": {"schema": {"$ref": _REFERENCE.format(name="Problem")}}}
    if e.page:
        problem = _HTML
    shape = _answer_shape(e)
    success: dict[str, Any] = {"description": e.summary or "成功"}
    if shape is not None:
        success["content"] = {"application/json": {"schema": by_shape[id(shape)]}}
    elif e.page:
        success |= {"content": _HTML} if e.status == 200 else {}
    elif e.returns in (HTTPResponse, ResponseStream) and e.status == 200:
        success["content"] = {"*/*": {}}  # octets have no schema (OpenAPI 3.1.0, considerations for file uploads)
    status = e.status if "content" in success or e.status not in (200, 201) else 204
    operation: dict[str, Any] = {
        "operationId": e.name,
        "tags": [door.name],
        "summary": e.summary,
        "parameters": _parameters(e, by_shape, components),
        "responses": {
            str(status): success,
            "4XX": {"description": "问题", "content": problem},
            "503": {"description": "服务暂不可用", "content": problem},
        },
    }
    if shape is not None and type(None) in get_args(e.returns):
        operation["responses"]["204"] = {"description": "没有"}
    if e.description:
        operation["description"] = e.description
    if e.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": by_shape[id(e.body)]}},
        }
    if e.upload_argument:
        operation["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": _UPLOAD}}}
    if e.uploads_argument:
        operation["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": _UPLOADS}}}
    if e.file_argument:
        operation["requestBody"] = {"required": True, "content": _FILE}
    if e.actors:
        operation["security"] = [{"bearer": []}] + ([{}] if e.public else [])
        operation["x-actors"] = [a.__name__ for a in e.actors]
    return operation


def _parameters(e: Endpoint, by_shape: dict[int, Any], components: dict[str, Any]) -> list[dict[str, Any]]:
    found = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": _PATH_TYPES.get(kind or "", {"type": "string"}),
        }
        for name, kind in re.findall(r"<(\w+)(?::(\w+))?>", e.path)
    ]
    if e.query is not None:
        schema = by_shape[id(e.query)]
        body = components[schema["$ref"].rsplit("/", 1)[1]]
        found += [
            {"name": name, "in": "query", "required": name in body.get("required", []), "schema": member}
            for name, member in body.get("properties", {}).items()
        ]
    if e.key_argument:
        found.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "schema": {"type": "string", "maxLength": 255},
            }
        )
    return found
