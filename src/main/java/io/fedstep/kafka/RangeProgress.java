package io.fedstep.kafka;

import java.time.Duration;
import org.apache.kafka.clients.producer.Producer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells models' leaders how far ranges have come, until the brokers have it: what may be told
 * twice.
 */
final class RangeProgress implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RangeProgress.class);
  private static final Duration RETRY = Duration.ofSeconds(1);

  private final Cluster cluster;
  private final Producer<String, byte[]> producer;
  private volatile boolean closed;

  RangeProgress(Cluster cluster) {
    this.cluster = cluster;
    producer = cluster.clients().producer();
  }

  void tell(String model, Request.Progress progress) {
    if (closed) {
      return;
    }
    var _ =
        producer.send(
            RequestCodec.message(cluster.topics(), model, new Request(progress, null)),
            (_, failure) -> {
              if (failure != null) {
                LOG.warn("the leader of model {} cannot be told yet", model, failure);
                var _ = cluster.engine().after(RETRY, () -> tell(model, progress));
              }
            });
  }

  @Override
  public void close() {
    closed = true;
    producer.close(Duration.ZERO);
  }
}
