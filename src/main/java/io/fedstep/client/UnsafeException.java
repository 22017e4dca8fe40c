package io.fedstep.client;

import java.io.IOException;

/** What a server says would make a secure model's updates readable: nothing is sent to it. */
public final class UnsafeException extends IOException {
  private static final long serialVersionUID = 1L;

  UnsafeException(String broken) {
    super(broken);
  }
}
