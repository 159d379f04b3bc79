"""The wire of scans."""

from api_kit.schemas import View
from products.queries import ProductPage
from scans.label_pages import LabelPage
from scans.models import ScanPlace


class ScanView(View):
    """What a code leads to. ``attribution`` is handed to checkout so that the purchase counts for this code.

    ``trace`` is what a label of a lot tells; ``product`` is null when such goods are not on sale any more.
    """

    code: str
    place: ScanPlace
    product: ProductPage | None
    trace: LabelPage | None
    attribution: str
