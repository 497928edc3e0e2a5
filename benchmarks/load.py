"""Sends one burst of requests with wrk and measures their rate."""

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

CONNECTIONS = 8
_REPORT = """
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %d\\n", summary.requests, summary.duration,
    e.connect + e.read + e.write + e.status + e.timeout))
  if print_tokens then print_tokens() end
end
"""
# Each thread of wrk has one connection and its own refresh token. Each response contains the next token.
_REFRESH = """
local tokens = {%s}
local threads = {}
function setup(thread) table.insert(threads, thread); thread:set("token", tokens[#threads]) end
function request() return wrk.format("POST", nil, nil, "grant_type=refresh_token&refresh_token=" .. token) end
function response(status, headers, body) token = body:match('"refresh_token":"([^"]+)"') or "none" end
function print_tokens() for _, thread in ipairs(threads) do io.write("TOKEN " .. thread:get("token") .. "\\n") end end
"""


@dataclass
class Target:
    """A request to measure. ``form`` makes it a POST. ``refresh_tokens``, one per connection, are replaced on each use."""

    name: str
    url: str
    headers: dict[str, str]
    form: str = ""
    refresh_tokens: tuple[str, ...] = ()

    def script(self) -> str:
        """Return the Lua program that makes wrk send the request."""
        lines = [f'wrk.headers["{name}"] = "{value}"' for name, value in self.headers.items()]
        if self.form or self.refresh_tokens:
            lines.append('wrk.method = "POST"')
            lines.append('wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"')
            lines.append(f'wrk.body = "{self.form}"')
        if self.refresh_tokens:
            lines.append(_REFRESH % ", ".join(f'"{token}"' for token in self.refresh_tokens))
        return "\n".join([*lines, _REPORT])


class BurstFailed(Exception):
    """A burst had errors, so its result is meaningless."""


def burst(target: Target, seconds: int) -> float:
    """Send requests for some seconds and return their number per second; raises BurstFailed."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "request.lua"
        script.write_text(target.script(), encoding="utf-8")
        command = [
            "wrk",
            f"-t{CONNECTIONS}",
            f"-c{CONNECTIONS}",
            f"-d{seconds}s",
            "-s",
            str(script),
            target.url,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 30)
    match = re.search(r"RESULT (\d+) (\d+) (\d+)", done.stdout)
    if match is None or int(match[3]):
        raise BurstFailed(f"{target.name}: {done.stdout.strip().splitlines()[-1:]}")
    if target.refresh_tokens:
        target.refresh_tokens = tuple(re.findall(r"^TOKEN (\S+)$", done.stdout, re.MULTILINE))
    return int(match[1]) / (int(match[2]) / 1e6)
