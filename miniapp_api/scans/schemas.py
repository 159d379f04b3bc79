"""The wire of scans."""

from api_kit.schemas import View
from products.queries import ProductPage
from scans.models import ScanPlace


class ScanView(View):
    """What a code leads to. ``attribution`` is handed to checkout so that the purchase counts for this code."""

    code: str
    place: ScanPlace
    product: ProductPage
    attribution: str
