package io.fedstep.model;

/**
 * Secret bytes from which the noise of a close follows.
 *
 * @param ofModel from the model's creation on
 * @param ofClose drawn for this close alone; empty where no step of it needs any
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record Secrets(String ofModel, byte[] ofClose) {
  /** Those of a close of which no step needs a key. */
  public Secrets(String ofModel) {
    this(ofModel, new byte[0]);
  }
}
