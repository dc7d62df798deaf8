"""What the demo sends."""

from __future__ import annotations

from typing import Final

__all__ = ["AUTUMN", "RESET", "WINTER"]

AUTUMN: Final = """\
<!doctype html>
<html lang="en">
<body style="font-family:sans-serif;color:#222">
  <h1>Autumn at Acme</h1>
  <p>Hello {{first_name|reader}},</p>
  <p>three things are new on your {{plan|free}} plan. <a href="https://www.example.com/autumn">See them all</a>.</p>
</body>
</html>
"""

WINTER: Final = """\
<!doctype html>
<html lang="en">
<body style="font-family:sans-serif;color:#222">
  <h1>Winter at Acme</h1>
  <p>Hello {{first_name|reader}}, the workshop closes on the 20th.</p>
  <p>Not for you any more? <a href="{{unsubscribe_url}}">Leave with one click</a>.</p>
</body>
</html>
"""

RESET: Final = """\
<p>Hello {{first_name|there}},</p>
<p>here is the link you asked for: <a href="https://www.example.com/reset/{{code}}">choose a new password</a>.
It works for one hour.</p>
"""
