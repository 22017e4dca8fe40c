package io.fedstep.client;

import java.io.IOException;
import java.security.SecureRandom;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Makes bodies of updates to a model, and keeps what {@code top-k} has not sent of each client. */
final class UpdateBodies {
  private static final SecureRandom SEEDS = new SecureRandom();

  private final Versions versions;
  private final Map<String, Rest> rests = new ConcurrentHashMap<>();

  /**
   * What a client has not sent.
   *
   * @param life of the model, which may have been removed and made anew
   */
  @SuppressWarnings("ArrayRecordComponent") // as large as a model: handed over, not compared
  private record Rest(String life, double[] values) {}

  /**
   * A body.
   *
   * @param accepted to be run once it is in its round
   */
  record Made(Body body, Runnable accepted) {}

  UpdateBodies(Versions versions) {
    this.versions = versions;
  }

  /**
   * An update as the server has it, which gets this body; null for one that a model with {@code
   * scaffold-server} does not take.
   */
  byte @Nullable [] received(Weights base, Body body) throws IOException, InterruptedException {
    return DecodedUpdate.of(versions.layout(base.tag()), body);
  }

  /** The body of an update from some weights. */
  Made make(String client, Weights base, Update update) throws IOException, InterruptedException {
    if (update.isPlain()) {
      return new Made(new Body(Body.OCTETS, update.bytes()), () -> {});
    }
    Layout layout = versions.layout(base.tag());
    List<Layout.Tensor> tensors = layout.named(update.tensors());
    if (update.bytes().length != layout.bytes()) {
      throw new IllegalArgumentException(
          "the update has %s bytes, the model %s".formatted(update.bytes().length, layout.bytes()));
    }
    Encoding encoding = update.encoding();
    if (encoding == null) {
      return new Made(Tensors.plain(layout, update.bytes(), tensors), () -> {});
    }
    if (encoding != Encoding.TOP_K) {
      var dice = new SplittableRandom(SEEDS.nextLong());
      var encoded = new EncodedUpdate(layout, encoding, dice);
      return new Made(encoded.of(update.bytes(), tensors), () -> {});
    }
    String life = Versions.life(base.tag());
    Rest rest = rests.get(client);
    SparseUpdate sparse =
        SparseUpdate.of(
            layout,
            update.bytes(),
            tensors,
            rest != null && rest.life().equals(life) ? rest.values() : null);
    return new Made(sparse.body(), () -> rests.put(client, new Rest(life, sparse.rest())));
  }
}
