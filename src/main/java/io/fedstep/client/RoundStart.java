package io.fedstep.client;

import io.fedstep.secure.RoundFacts;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;

/** The weights of a model from which a round trains. */
record RoundStart(String model, Weights weights) {
  /** What everybody in the round knows, by what this client knows and the roster's bits. */
  RoundFacts facts(SecureSettings settings, int fractionBits) {
    return new RoundFacts(
        model,
        weights.version(),
        weights.tag(),
        parameters(settings),
        sha256(weights.bytes()),
        settings.bits(),
        fractionBits,
        settings.clip(),
        settings.maxWeight(),
        settings.metrics(),
        settings.minUpdates(),
        settings.noise());
  }

  /** How many values there are. */
  int parameters(SecureSettings settings) {
    return weights.bytes().length / (settings.isWide() ? Double.BYTES : Float.BYTES);
  }

  private static byte[] sha256(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
