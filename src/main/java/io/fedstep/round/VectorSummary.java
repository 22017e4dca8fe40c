package io.fedstep.round;

/**
 * What is noted of an update's vector while it is received.
 *
 * @param digest {@code crc32c:} and 8 hex digits, over the vector's little-endian bytes
 * @param norm the L2 norm
 * @param transfer how it came, which makes no other vector of it
 */
public record VectorSummary(String digest, double norm, Transfer transfer) {
  /** A vector of which it is not known how it came. */
  public VectorSummary(String digest, double norm) {
    this(digest, norm, Transfer.UNKNOWN);
  }

  /** The same vector in a body of so many bytes. */
  public VectorSummary of(long bytes) {
    return new VectorSummary(digest, norm, transfer.of(bytes));
  }
}
