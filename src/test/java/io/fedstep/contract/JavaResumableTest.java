package io.fedstep.contract;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.client.Fedstep;
import io.fedstep.client.RemoteModel;
import io.fedstep.client.Update;
import io.fedstep.client.Weights;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Large updates of the Java client, over a line that breaks every 2 MB. */
@OneMachine("several machines take updates whole")
class JavaResumableTest {
  private static final int VALUES = 10_000_000;
  private static final long EVERY = 2 << 20;

  private static byte[] values() {
    var random = new Random(5);
    ByteBuffer bytes = ByteBuffer.allocate(VALUES * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining()) {
      bytes.putFloat(random.nextFloat());
    }
    return bytes.array();
  }

  @Test
  void brokenLine_costsAQuarterAtMost() throws Exception {
    Model name = Model.unborn();
    byte[] bytes = values();
    try (var line = new BreakingLine(name.http().port());
        Fedstep near = Fedstep.at(URI.create("http://127.0.0.1:" + name.http().port()));
        Fedstep far = Fedstep.at(line.uri())) {
      RemoteModel model = near.model(name.name());
      model.create(
          "{\"tensors\": {\"w\": [%s]}, \"round\": {\"min_updates\": 2}}".formatted(VALUES));
      Weights weights = model.newest();
      var update = new Update(bytes, 3, Map.of());
      JsonNode receipt = far.model(name.name()).submit("alice", weights, update);
      assertThat(receipt.path("bytes").intValue()).isEqualTo(bytes.length);
      assertThat(line.sent.get()).isLessThan(bytes.length / 4 * 5L);
      assertThat(line.opened.get()).isGreaterThanOrEqualTo((int) (bytes.length / EVERY));
      assertThat(model.submit("alice", weights, update)).isEqualTo(receipt);
    }
    name.http().delete(name.path("")).is(204);
  }

  /** Passes bytes on to a server until a connection has brought so many. */
  private static final class BreakingLine implements AutoCloseable {
    private final ServerSocket listener = new ServerSocket(0, 9, InetAddress.getLoopbackAddress());
    private final int port;
    private final AtomicLong sent = new AtomicLong();
    private final AtomicInteger opened = new AtomicInteger();

    BreakingLine(int port) throws IOException {
      this.port = port;
      Thread.ofVirtual().start(this::run);
    }

    URI uri() {
      return URI.create("http://127.0.0.1:" + listener.getLocalPort());
    }

    private void run() {
      while (!listener.isClosed()) {
        try {
          Socket near = listener.accept();
          var far = new Socket(InetAddress.getLoopbackAddress(), port);
          opened.incrementAndGet();
          Thread.ofVirtual().start(() -> pass(near, far, sent, EVERY));
          Thread.ofVirtual().start(() -> pass(far, near, new AtomicLong(), Long.MAX_VALUE));
        } catch (IOException e) {
          // the test is over
        }
      }
    }

    private static void pass(Socket from, Socket to, AtomicLong count, long most) {
      byte[] piece = new byte[64 * 1024];
      try (from;
          to) {
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream();
        long passed = 0;
        for (int some = in.read(piece); some >= 0 && passed < most; some = in.read(piece)) {
          passed += some;
          count.addAndGet(some);
          out.write(piece, 0, some);
        }
      } catch (IOException e) {
        // the other direction has hung up
      }
    }

    @Override
    public void close() throws IOException {
      listener.close();
    }
  }
}
