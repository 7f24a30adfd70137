"""One submission in one child, in lock-step: an input, the child's clock runs, its finding or its end; only then the next input."""

import json
import os
import resource
import time

from native import findings
from native.child import Ended, Late

_SECRET_BYTES = 16
_HEADER_BYTES = _SECRET_BYTES + 4
#: What passes between looking at the clock and sleeping until a limit.
_SLACK_SECONDS = 0.001
#: In less cpu time than this a program cannot take so much memory that it would be worth to stop it for a look; the last look stands.
_WORTH_A_LOOK_SECONDS = 0.001
#: Below this share of wall time on a cpu, and pushed off it so many times a second, a program that came to its wall limit was starved.
_STARVED_CPU_SHARE = 0.5
_STARVED_SWITCHES_PER_SECOND = 10


def run_submission(child, request, base_bytes, send_outcome):
    """Runs a request of the worker, sends its outcomes, and leaves no child behind. `base_bytes`: what an idle child takes up."""
    try:
        child.limit_memory(base_bytes + request['limits']['memoryBytes'])
        submission = _Submission(child, request)
        outcome = submission.step(submission.program_input(), is_loading=True)
        send_outcome(outcome)
        for step in submission.steps_after(outcome):
            outcome = submission.step(step, is_loading=False)
            send_outcome(outcome)
            if outcome['spent']:
                return
    finally:
        child.end()


class _Submission:
    def __init__(self, child, request):
        self._child = child
        self._request = request
        self._kind = request['task']['kind']
        self._limits = request['limits']
        self._secret = b''
        self._switches = 0
        self._rss_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def program_input(self):
        task = self._request['task']
        given = {'calls': ('kind',), 'stdio': ('kind', 'stdin'), 'suite': ('kind', 'suite')}[self._kind]
        return {
            'program': self._request['program'],
            'task': {key: task[key] for key in given},
            'limits': {key: self._limits[key] for key in ('memoryBytes', 'outputBytes')},
            'clockMs': self._request['clockMs'],
        }

    def steps_after(self, loaded):
        """The inputs that follow, as `steps.ts` counts them."""
        task = self._request['task']
        if loaded['kind'] == 'loaded':
            return task.get('calls', [])
        if loaded['kind'] == 'collected':
            return [{'case': number} for number in range(task['from'], sum(case['runs'] for case in loaded['cases']))]
        return []

    def step(self, given, is_loading):
        """Gives the child one input and answers the outcome."""
        child = self._child
        started, cpu_started = time.monotonic(), child.cpu_seconds()
        if child.said:
            finding = findings.interfered()
        else:
            # A new one each time: a finding that comes late, or twice, is then none.
            self._secret = os.urandom(_SECRET_BYTES)
            child.send(encode_frame({**given, 'secret': self._secret.hex()}))
            finding = self._await_finding(is_loading, started, cpu_started)
        wall, cpu = time.monotonic() - started, child.cpu_seconds() - cpu_started
        if finding['spent']:
            child.end()
        elif cpu >= _WORTH_A_LOOK_SECONDS or child.state is None:
            child.look()
        if finding['kind'] == 'late':
            finding = self._judge_lateness(wall, cpu)
        self._switches = child.state.involuntary_switches
        return {
            **finding,
            'cpuMs': _milliseconds(cpu),
            'wallMs': _milliseconds(wall),
            'memoryKb': child.state.max_rss_kb,
            'rssKb': self._rss_kb,
        }

    def _await_finding(self, is_loading, started, cpu_started):
        child = self._child
        wall_end = started + self._limits['wallMs'] / 1000
        cpu_end = cpu_started + self._limits['cpuMs'] / 1000
        try:
            while True:
                finding = self._finding_so_far(is_loading)
                if finding is not None:
                    return finding
                # One thread cannot use more cpu than wall time, so this is the earliest moment at which either limit can pass.
                cpu_left = cpu_end - child.cpu_seconds()
                if cpu_left <= 0:
                    return findings.time_limit()
                try:
                    child.listen(min(wall_end, time.monotonic() + cpu_left + _SLACK_SECONDS))
                except Late:
                    if time.monotonic() >= wall_end:
                        return {'kind': 'late', 'spent': True}
        except Ended:
            status = child.status_at_end()
            return findings.interfered() if status is None else findings.ended(status)

    def _finding_so_far(self, is_loading):
        """The finding if all of it is there. The pipe is the harness's own, so there is no innocent way to write anything else to it."""
        child = self._child
        header = child.peek(0, _HEADER_BYTES)
        if not self._secret.startswith(header[:_SECRET_BYTES]):
            return findings.interfered()
        if len(header) < _HEADER_BYTES:
            return None
        length = int.from_bytes(header[_SECRET_BYTES:], 'big')
        if length > findings.MAX_FINDING_BYTES:
            return findings.too_large()
        if len(child.said) < _HEADER_BYTES + length:
            return None
        body = child.peek(_HEADER_BYTES, _HEADER_BYTES + length)
        child.drop(_HEADER_BYTES + length)
        return findings.parse_finding(body, self._kind, is_loading, self._limits['outputBytes'])

    def _judge_lateness(self, wall, cpu):
        """The wall limit has passed. A program that waits gives its cpu up by itself; one that others keep from it has it taken away."""
        switches = self._child.state.involuntary_switches - self._switches
        is_starved = cpu < wall * _STARVED_CPU_SHARE and switches >= wall * _STARVED_SWITCHES_PER_SECOND
        return findings.starved() if is_starved else findings.time_limit()


def encode_frame(message):
    body = json.dumps(message).encode()
    return len(body).to_bytes(4, 'big') + body


def _milliseconds(seconds):
    return max(0, round(seconds * 1000, 1))
