"""What time does to complaints."""

from county.complaints.channel import ComplaintChannel
from county.complaints.pictures import ComplaintPictures


async def fetch_complaints(channel: ComplaintChannel) -> int:
    """Take over what WeChat Pay has; answers how many were new or had moved."""
    return await channel.fetch()


async def fetch_complaint_pictures(pictures: ComplaintPictures) -> int:
    """Fetch the pictures of complaints; answers how many are kept now."""
    return await pictures.fetch_due()


async def send_complaint_messages(channel: ComplaintChannel) -> int:
    """Send replies and completions; answers how many arrived."""
    return await channel.send_due()
