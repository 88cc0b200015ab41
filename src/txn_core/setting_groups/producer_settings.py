"""Settings of the producer: what it holds, and its PutRecords calls."""

from typing import Self

from pydantic import BaseModel, Field, model_validator


class ProducerSettings(BaseModel):
    """What the producer of one process is bound by."""

    buffer_bytes_max: int = Field(64 << 20, ge=1 << 20, description="bytes the producer holds at most")
    # One that hangs, one for a shard kept apart, one for all others.
    put_requests_in_flight_max: int = Field(4, ge=3, le=64, description="PutRecords calls at once")
    put_request_bytes_max: int = Field(
        5 << 20, ge=1 << 20, le=10 << 20, description="largest PutRecords call that the stream takes, bytes"
    )
    stream_record_bytes_max: int = Field(
        1 << 20, ge=1 << 20, le=10 << 20, description="largest record that the stream takes, bytes"
    )
    put_timeout_s: float = Field(5.0, gt=0, description="longest wait for one PutRecords answer, seconds")

    @model_validator(mode="after")
    def _record_fits_request(self) -> Self:
        if self.stream_record_bytes_max > self.put_request_bytes_max:
            raise ValueError("TXN_STREAM_RECORD_BYTES_MAX must be at most TXN_PUT_REQUEST_BYTES_MAX")
        return self
