package io.fedstep.contract;

import static io.fedstep.contract.ScaffoldTest.model;
import static io.fedstep.contract.ScaffoldTest.spec;
import static io.fedstep.contract.ScaffoldTest.submit;
import static io.fedstep.contract.Vectors.f4;
import static io.fedstep.contract.Vectors.hex;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Controls as clients fetch them. */
@OneMachine("several machines refuse scaffold-server")
class ControlTest {
  private static final String ROUND = "Fedstep-Control-Round";

  @Test
  void control_comesAsVectorsCome() {
    Model model = model();
    submit(model, 0, "alice", "?local_rate=0.5", 0.5, -1).is(201);
    model.awaitVersion(1);
    String base = model.base();
    Reply octets = model.get("/control").is(200);
    assertThat(octets.body()).isEqualTo(f4(1, -2));
    assertThat(octets.header("ETag")).isEqualTo("\"%s.control\"".formatted(base));
    assertThat(octets.header("Fedstep-Version")).isEqualTo("1");
    assertThat(octets.header("Content-Disposition"))
        .isEqualTo("attachment; filename=\"%s-1-control.bin\"".formatted(model.name()));
    Reply json = model.get("/control", Http.ACCEPT_JSON).is(200);
    assertThat(json.json())
        .isEqualTo(Reply.json("{\"control\": {\"w\": [1.0, -2.0]}, \"version\": 1}"));
    Reply safetensors = model.get("/control", "Accept: application/x-safetensors").is(200);
    assertThat(safetensors.header("ETag")).isEqualTo("\"%s.control.safetensors\"".formatted(base));
    assertThat(hex(safetensors.body())).endsWith(hex(f4(1, -2)));
    Reply npy = model.get("/control", "Accept: application/x-npy").is(200);
    assertThat(hex(npy.body())).endsWith(hex(f4(1, -2)));
    model
        .get("/control", "Accept: application/x-safetensors;dtype=bfloat16")
        .problem(406, "not-acceptable");
    Reply gzip = model.get("/control", "Accept-Encoding: gzip").is(200);
    assertThat(gzip.header("ETag")).isEqualTo("\"%s.control.gzip\"".formatted(base));
    assertThat(model.http().head(model.path("/control")).is(200).header("Content-Length"))
        .isEqualTo("8");

    Reply known =
        model.get("/control?client=alice", "If-None-Match: " + octets.header("ETag")).is(304);
    assertThat(known.header(ROUND)).isEqualTo("0");
    assertThat(model.get("/control?client=bob", "If-None-Match: *").is(304).header(ROUND))
        .isEmpty();
    Reply part = model.get("/versions/1/control", "Range: bytes=3-5").is(206);
    assertThat(hex(part.body())).isEqualTo(hex(f4(1, -2)).substring(6, 12));
    model.get("/control", "Range: bytes=3-5").is(200);
    Reply newest = model.get("/versions/newest/control?client=alice").is(200);
    assertThat(newest.header("Content-Location")).endsWith("/versions/1/control");
    model.get("/versions/7/control").problem(404, "version-not-found");
    model.get("/control?client=").problem(400, "malformed");
    model.get("/control?wait=1s").problem(400, "malformed");
  }

  @Test
  void controlOfAModelThatWaitsForItsWeights_isNotThere() {
    Model model = Model.create(spec(", \"weights\": \"required\""));
    model.get("/control").problem(503, "no-weights");
    model.putOctets("/weights", f4(1, 2)).is(200);
    assertThat(model.get("/control").is(200).body()).isEqualTo(f4(0, 0));
  }

  @Test
  void largeControl_isComputedAcrossTiles() {
    int size = 40_000;
    Model model = Model.create(spec("").replace("[2]", "[%s]".formatted(size)));
    double[] u = IntStream.range(0, size).mapToDouble(i -> i % 997 - 400).toArray();
    for (String client : new String[] {"alice", "bob"}) {
      long round = model.current().path("round").asLong();
      submit(model, round, client, "?local_rate=0.5", u).is(201);
      model.awaitVersion(round + 1);
    }
    // alice's is 2 u; bob's is 2 u - 2 u + 2 u, for he trained with c = 2 u and c_i = 0: s is 2 u
    byte[] whole = f4(u);
    assertThat(model.get("/control").is(200).body()).isEqualTo(whole);
    assertThat(hex(model.get("/control", "Accept: application/x-safetensors").body()))
        .endsWith(hex(whole));
    Reply part = model.get("/versions/2/control", "Range: bytes=65533-131075").is(206);
    assertThat(part.body()).isEqualTo(Arrays.copyOfRange(whole, 65533, 131076));
  }
}
