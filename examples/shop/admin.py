"""The switches of the shop's faults: `GET`, `POST` and `DELETE /faults`, from this machine only."""

from ipaddress import ip_address

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from examples.shop.faults import Fault, FaultTable


def fault_routes(faults: FaultTable) -> list[Route]:
    """The routes under `/faults`; every answer lists the faults then in force."""

    def listing(status: int = 200) -> JSONResponse:
        return JSONResponse({"faults": msgspec.to_builtins(faults.in_force())}, status)

    async def change(request: Request) -> JSONResponse:
        if not _is_local(request):
            return JSONResponse({"error": "faults are switched from this machine only"}, 403)
        try:
            match request.method:
                case "POST":
                    faults.switch_on(msgspec.json.decode(await request.body(), type=Fault))
                case "DELETE":
                    faults.switch_off(request.path_params.get("endpoint"))
                case _:
                    pass
        except (ValueError, msgspec.DecodeError) as error:
            return JSONResponse({"error": str(error)}, 400)
        return listing()

    return [
        Route("/faults", change, methods=["GET", "POST", "DELETE"]),
        Route("/faults/{endpoint}", change, methods=["DELETE"]),
    ]


def _is_local(request: Request) -> bool:
    return request.client is not None and ip_address(request.client.host).is_loopback
