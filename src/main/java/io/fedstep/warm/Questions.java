package io.fedstep.warm;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;

/** What is asked of a server beside the rounds, and the formats that the clients do without. */
final class Questions implements AutoCloseable {
  private static final String JSON = "application/json";

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final URI server;
  private final String model;

  /** About a model that has had a round. */
  Questions(URI server, String model) {
    this.server = server;
    this.model = "/v1/models/" + model;
  }

  void ask(int times) throws IOException, InterruptedException {
    put("/v1/models/warm-json", "{\"tensors\": {\"w\": [4]}}");
    for (int i = 0; i < times; i++) {
      put("/v1/models/warm-json/rounds/%s/updates/c".formatted(i), "{\"gradient\": [1, 2, 3, -4]}");
      get("/v1/models/warm-json/rounds/current?wait=30s&after=" + i, JSON);
      for (String path : new String[] {"", "/rounds/current", "/rounds/0", "/optimizer/state"}) {
        get(model + path, JSON);
      }
      for (String type : new String[] {JSON, "application/x-npy", "application/x-safetensors"}) {
        get(model + "/weights", type);
      }
      get("/v1/models", JSON);
      get("/actuator/health/readiness", JSON);
      get("/actuator/prometheus", "text/plain");
    }
  }

  private void get(String path, String type) throws IOException, InterruptedException {
    send(to(path).header("Accept", type).header("Accept-Encoding", "gzip"));
  }

  private void put(String path, String body) throws IOException, InterruptedException {
    send(to(path).header("Content-Type", JSON).PUT(BodyPublishers.ofString(body)));
  }

  private HttpRequest.Builder to(String path) {
    return HttpRequest.newBuilder(server.resolve(path));
  }

  private void send(HttpRequest.Builder request) throws IOException, InterruptedException {
    HttpResponse<Void> answer = http.send(request.build(), BodyHandlers.discarding());
    if (answer.statusCode() / 100 != 2) {
      throw new IOException("%s: %s".formatted(answer.uri(), answer.statusCode()));
    }
  }

  @Override
  public void close() {
    http.close();
  }
}
