package io.fedstep.client;

import java.io.IOException;

/** Keeps what follows from an update, in step with the server. */
public interface Keeper {
  /**
   * Takes an update as the server is to have it, before it is sent.
   *
   * @param received the flat vector, little-endian, in the model's dtype
   * @throws IOException ends the sending
   */
  void keep(byte[] received) throws IOException;

  /** The server refuses the update, or has another in its place. */
  void drop() throws IOException;
}
