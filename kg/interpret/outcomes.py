"""Time frames of outcomes as durations."""

from __future__ import annotations

from kg.language import duration
from kg.record import TrialRecord


def read_time_frames(record: TrialRecord) -> None:
    """Fill ``time_frame_duration`` of each outcome with the durations that its time frame names, in order."""
    for outcome in record.has_outcome:
        for found in duration.find(outcome.time_frame):
            if found.greatest not in outcome.time_frame_duration:
                outcome.time_frame_duration.append(found.greatest)
