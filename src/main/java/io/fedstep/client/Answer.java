package io.fedstep.client;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.net.http.HttpResponse;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** An answer that is no refusal. */
@SuppressWarnings("ArrayRecordComponent") // as large as a model: handed over, not compared
record Answer(URI uri, int status, HttpHeaders headers, byte[] body) {
  /** Makes something of an answer; an {@link IOException} has it asked for again. */
  @FunctionalInterface
  interface Reader<T> {
    T read(Answer answer) throws IOException, InterruptedException;
  }

  static Answer of(HttpResponse<byte[]> response) {
    return new Answer(response.uri(), response.statusCode(), response.headers(), response.body());
  }

  JsonNode json() throws IOException {
    try {
      return JsonMapper.shared().readTree(body);
    } catch (JacksonException e) {
      throw isFramed()
          ? new Loss.FinalLossException(uri + " gave no JSON", e)
          : new IOException(uri + " gave JSON that ends early", e);
    }
  }

  /** Whether its end is told by other means than the connection's. */
  boolean isFramed() {
    return headers.map().containsKey("Content-Length")
        || headers.map().containsKey("Transfer-Encoding");
  }

  boolean isStopped() {
    return headers.firstValue("Fedstep-Phase").orElse("").equals("stopped");
  }

  @Nullable String field(String name) {
    return headers.firstValue(name).orElse(null);
  }

  String header(String name) throws IOException {
    return headers
        .firstValue(name)
        .orElseThrow(() ->
            new Loss.FinalLossException(
                uri + " came without " + name + ": something other than fedstep gave it", null));
  }
}
