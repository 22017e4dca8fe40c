package io.fedstep.store;

import java.nio.ByteBuffer;

/**
 * The weights of version 0 of a model that begins with zeros, which have no file.
 *
 * @param isBare whether there are no metadata before them in safetensors, as before 0.2
 */
public record Zeros(VersionBytes all, boolean isBare) implements VersionBytes {
  @Override
  public long length() {
    return all.length();
  }

  @Override
  public void read(long offset, ByteBuffer into) {
    all.read(offset, into);
  }

  @Override
  public void close() {}
}
