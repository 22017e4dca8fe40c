package io.fedstep.contract;

import static io.fedstep.contract.Model.update;
import static io.fedstep.contract.Vectors.bytes;
import static io.fedstep.contract.Vectors.f4;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.codec.ThinGoldens;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Base64;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Updates that come encoded, or without some tensors, over HTTP. */
class EncodedUpdatesTest {
  private static final String SENT = "Content-Type: application/x-safetensors";

  private static Model model(JsonNode of) {
    return Model.create(
        """
        {"tensors": %s, "dtype": %s, "optimizer": {"lrate": 1.0, "modules": []},
         "round": {"min_updates": 1}}\
        """
            .formatted(of.required("tensors"), of.required("dtype")));
  }

  private static byte[] body(JsonNode of) {
    return Base64.getDecoder().decode(of.required("body").stringValue());
  }

  private static Reply submit(Model model, String query, byte[] body, String... more) {
    String[] headers = new String[more.length + 1];
    headers[0] = SENT;
    System.arraycopy(more, 0, headers, 1, more.length);
    return model.http().put(model.path(update(0, "alice")) + query, body, headers);
  }

  @Test
  void everyBody_isTheRowThatItDecodesTo() {
    for (JsonNode one : ThinGoldens.json("bodies")) {
      if (one.required("case").stringValue().startsWith("random ")) {
        continue; // those are for the decoder alone
      }
      Model model = model(one);
      String name = one.required("case").stringValue();
      String query = one.required("partial").booleanValue() ? "?partial=true" : "";
      JsonNode receipt = submit(model, query, body(one)).is(201).json();
      for (String member : new String[] {"digest", "encoding", "left_out"}) {
        assertThat(receipt.required(member)).as(name).isEqualTo(one.required(member));
      }
      assertThat(receipt.required("bytes").intValue()).as(name).isEqualTo(body(one).length);
      model.awaitVersion(1);
      assertThat(model.get("/versions/1/gradient").body())
          .as(name)
          .isEqualTo(bytes(one.required("row").stringValue()));
    }
  }

  @Test
  void faults_areRefused_asTheTableSays() {
    JsonNode refused = ThinGoldens.json("refused");
    Model model = model(refused);
    for (JsonNode one : refused.required("cases")) {
      JsonNode problem =
          submit(model, "", body(one))
              .problem(one.required("status").intValue(), one.required("code").stringValue());
      for (String member : new String[] {"tensor", "index", "entry", "expected", "actual"}) {
        if (one.has(member)) {
          assertThat(problem.path(member))
              .as("%s: %s", one.required("case"), member)
              .isEqualTo(one.required(member));
        }
      }
    }
    assertThat(model.json("updates").intValue()).isZero();
  }

  private static byte[] gzip(byte[] body) throws IOException {
    var out = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(out)) {
      gzip.write(body);
    }
    return out.toByteArray();
  }

  @Test
  void anotherEncodingOfARow_isARepeat_andTheRecordTellsOfTheFirst() throws IOException {
    JsonNode large = ThinGoldens.json("large");
    Model model = model(large);
    byte[] body = ThinGoldens.file("large-int8.safetensors");
    byte[] compressed = gzip(body);
    JsonNode receipt = submit(model, "", compressed, "Content-Encoding: gzip").is(201).json();
    assertThat(receipt.required("bytes").intValue()).isEqualTo(compressed.length);
    byte[] decoded = ThinGoldens.file("large-int8.decoded.safetensors");
    assertThat(submit(model, "", decoded).is(200).json()).isEqualTo(receipt);
    model.awaitVersion(1);
    assertThat(submit(model, "", body).is(200).json()).isEqualTo(receipt);
    JsonNode client = model.get("/rounds/0").is(200).json().required("clients").get(0);
    assertThat(client.required("encoding").stringValue()).isEqualTo("int8");
    assertThat(client.required("left_out").intValue()).isZero();
    assertThat(client.required("bytes").intValue()).isEqualTo(compressed.length);
  }

  @Test
  void weights_areNotEncoded() {
    Model model = model(ThinGoldens.json("large"));
    byte[] body = ThinGoldens.file("large-int8.safetensors");
    model.http().put(model.path("/weights"), body, SENT).problem(415, "unsupported-format");
  }

  @Test
  void whatComesAsItIs_hasNoEncoding() {
    Model model = Model.create(Model.PLAIN);
    ObjectNode receipt =
        (ObjectNode) model.putOctets(update(0, "alice"), f4(1, 2, 3)).is(201).json();
    assertThat(receipt.required("encoding").isNull()).isTrue();
    assertThat(receipt.required("left_out").intValue()).isZero();
    assertThat(receipt.required("bytes").intValue()).isEqualTo(12);
  }
}
