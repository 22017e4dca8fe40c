package io.fedstep.contract;

import static io.fedstep.contract.Model.update;
import static io.fedstep.contract.Vectors.bytes;
import static io.fedstep.contract.Vectors.f4;
import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.codec.ThinGoldens;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Updates whose body comes in several requests. */
@OneMachine("several machines take updates whole")
class ResumableTest {
  private static final String PART = "Content-Type: application/partial-upload";
  private static final String SAFETENSORS = "Content-Type: application/x-safetensors";

  /** Rounds of two, so that one update closes none. */
  private static final String SPEC = Model.plain(2, 2);

  private static final byte[] ROW = f4(1, 2, 3);

  private static Reply send(Model model, String method, String path, byte[] body, String... more) {
    return model.http().send(method, path, BodyPublishers.ofByteArray(body), more);
  }

  private static Reply begin(Model model, String client, byte[] first, String... more) {
    var headers =
        new ArrayList<>(
            List.of(Http.OCTETS, "Upload-Complete: ?0", "Upload-Length: " + ROW.length));
    headers.addAll(List.of(more));
    return send(model, "PUT", model.path(update(0, client)), first, headers.toArray(String[]::new));
  }

  private static Reply patch(
      Model model, String upload, long offset, boolean completes, byte[] body, String... more) {
    var headers =
        new ArrayList<>(
            List.of(
                PART, "Upload-Offset: " + offset, "Upload-Complete: " + (completes ? "?1" : "?0")));
    headers.addAll(List.of(more));
    return send(model, "PATCH", upload, body, headers.toArray(String[]::new));
  }

  private static byte[] part(int from, int to) {
    return Arrays.copyOfRange(ROW, from, to);
  }

  private static void isOpen(Reply reply, long offset) {
    assertThat(reply.header("Upload-Complete")).isEqualTo("?0");
    assertThat(reply.header("Upload-Offset")).isEqualTo(Long.toString(offset));
  }

  /** The refusal is about the whole, and the upload is gone. */
  private static void isOver(Model model, String upload, Reply reply) {
    assertThat(reply.header("Upload-Complete")).isEqualTo("?1");
    model.http().head(upload).is(404);
  }

  @Test
  void golden() {
    JsonNode golden = ThinGoldens.json("resumable");
    Model model = Model.create(golden.required("spec").toString());
    String upload = "";
    int number = 0;
    for (JsonNode one : golden.required("requests")) {
      String path =
          one.required("path")
              .stringValue()
              .replace("UPLOADX", upload)
              .replace(
                  "UPLOAX", upload.isEmpty() ? "" : upload.substring(0, upload.length() - 1) + "x")
              .replace("UPLOAD", upload)
              .replace("/models/m/", "/models/" + model.name() + "/");
      List<String> headers = new ArrayList<>();
      one.required("headers")
          .properties()
          .forEach(field -> headers.add(field.getKey() + ": " + field.getValue().stringValue()));
      Reply reply =
          send(
                  model,
                  one.required("method").stringValue(),
                  path,
                  Base64.getDecoder().decode(one.required("body").stringValue()),
                  headers.toArray(String[]::new))
              .is(one.required("status").intValue());
      String where = "request " + number++;
      if (one.required("code").isString()) {
        reply.problem(one.required("status").intValue(), one.required("code").stringValue());
      }
      for (var field : one.required("answer").properties()) {
        String found = reply.header(field.getKey());
        if (field.getKey().equals("Location")) {
          upload = found;
        } else {
          assertThat(found).as(where).isEqualTo(field.getValue().stringValue());
        }
      }
      if (reply.status() == 200 || (reply.status() == 201 && !headers.toString().contains("?0"))) {
        assertThat(reply.json().required("digest")).as(where).isEqualTo(golden.required("digest"));
        assertThat(reply.json().required("bytes").intValue()).isEqualTo(160);
      }
    }
    String row = golden.required("row").stringValue();
    model.putOctets(update(0, "bob") + "?weight=3", bytes(row)).is(201);
    model.awaitVersion(1);
    model.http().head(upload).is(410);
    send(model, "PATCH", upload, new byte[0]).problem(410, "round-closed");
    model.http().delete(upload).is(204);
    begin(model, "bob", new byte[0], "Upload-Length: 160").problem(400, "malformed");
    send(
            model,
            "PUT",
            model.path(update(0, "bob")),
            new byte[0],
            Http.OCTETS,
            "Upload-Complete: ?0",
            "Upload-Length: 160")
        .problem(409, "update-exists");
  }

  @Test
  void creation_isCheckedByItsHead() throws IOException {
    Model model = Model.create(SPEC);
    String path = model.path(update(0, "alice"));
    String length = "Upload-Length: 12";
    String begins = "Upload-Complete: ?0";
    send(model, "PUT", path, ROW, Http.JSON, begins, length).problem(415, "unsupported-format");
    send(model, "PUT", path, ROW, begins, length).problem(415, "unsupported-format");
    begin(model, "alice", ROW, "Content-Encoding: gzip").problem(415, "unsupported-format");
    send(model, "PUT", path, ROW, Http.OCTETS, "Upload-Complete: 0", length)
        .problem(400, "malformed");
    for (String bad : List.of("-1", "1.0", "12;a", "", "1234567890123456")) {
      send(model, "PUT", path, ROW, Http.OCTETS, begins, "Upload-Length: " + bad)
          .problem(400, "malformed");
    }
    send(model, "PUT", path, ROW, SAFETENSORS, begins, "Upload-Length: 100000000")
        .problem(413, "too-large");
    send(model, "PUT", path + "?weight=0", ROW, Http.OCTETS, begins, length)
        .problem(422, "bad-weight");
    send(model, "PUT", path + "?what=0", ROW, Http.OCTETS, begins, length)
        .problem(400, "malformed");
    send(model, "PUT", path + "?partial=true", ROW, Http.OCTETS, begins, length)
        .problem(400, "malformed");
    send(model, "PUT", path + "?base=x", ROW, Http.OCTETS, begins, length)
        .problem(409, "base-differs");
    send(model, "PUT", model.path(update(7, "alice")), ROW, Http.OCTETS, begins, length)
        .problem(409, "round-not-open");
    for (String bad : List.of("sha-256=:AAAA:", "sha-256=abc", "sha-256")) {
      begin(model, "alice", part(0, 4), "Repr-Digest: " + bad).problem(400, "malformed");
    }
    begin(model, "alice", part(0, 4), "Repr-Digest: md5=:AAAA:").is(201);
    Reply beyond = begin(model, "alice", new byte[13]);
    beyond.problem(400, "malformed");
    assertThat(beyond.header("Upload-Complete")).isEqualTo("?1");
  }

  @Test
  void digest_isCompared() {
    Model model = Model.create(SPEC);
    String other = Base64.getEncoder().encodeToString(new byte[32]);
    String upload =
        begin(model, "alice", part(0, 4), "Repr-Digest: md5=:AAAA:, sha-256=:" + other + ":")
            .is(201)
            .header("Location");
    Reply reply = patch(model, upload, 4, true, part(4, 12));
    reply.problem(422, "digest-differs");
    isOver(model, upload, reply);
  }

  /** A fault of the request alone leaves the upload as it was. */
  @Test
  void otherFaults_leaveIt() {
    Model model = Model.create(SPEC);
    String upload = begin(model, "alice", part(0, 4)).is(201).header("Location");
    String offset = "Upload-Offset: 4";
    for (List<String> headers :
        List.of(
            List.of(PART, offset),
            List.of(PART, offset, "Upload-Complete: true"),
            List.of(PART, "Upload-Complete: ?1"),
            List.of(PART, "Upload-Complete: ?1", "Upload-Offset: 4.0"),
            List.of(PART, "Upload-Complete: ?1", offset, offset))) {
      Reply reply = send(model, "PATCH", upload, part(4, 12), headers.toArray(String[]::new));
      reply.problem(400, "malformed");
      isOpen(reply, 4);
    }
    Reply coded = patch(model, upload, 4, true, part(4, 12), "Content-Encoding: gzip");
    coded.problem(415, "unsupported-format");
    isOpen(coded, 4);
    Reply behind = patch(model, upload, 8, true, part(8, 12));
    JsonNode problem = behind.problem(409, "offset-differs");
    assertThat(problem.required("expected").intValue()).isEqualTo(4);
    assertThat(problem.required("actual").intValue()).isEqualTo(8);
    isOpen(behind, 4);
    Reply longer = patch(model, upload, 4, true, new byte[9]);
    longer.problem(400, "malformed");
    isOpen(longer, 4);
    isOpen(patch(model, upload, 4, false, part(4, 12)).is(204), 12);
    patch(model, upload, 12, true, new byte[0]).is(201);
    Reply beyond = patch(model, upload, 12, false, new byte[1]);
    beyond.problem(400, "malformed");
    patch(model, upload, 12, true, new byte[0]).is(200);
    patch(model, upload, 11, true, new byte[1]).problem(409, "offset-differs");
  }

  @Test
  void bytesBeyondTheEnd_endIt() {
    Model model = Model.create(SPEC);
    String upload = begin(model, "alice", part(0, 4)).is(201).header("Location");
    Reply reply = patch(model, upload, 4, false, new byte[9]);
    reply.problem(400, "malformed");
    isOver(model, upload, reply);
    upload = begin(model, "alice", part(0, 4)).is(201).header("Location");
    reply =
        model
            .http()
            .send(
                "PATCH",
                upload,
                BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(new byte[9])),
                PART,
                "Upload-Offset: 4",
                "Upload-Complete: ?1");
    reply.problem(400, "malformed");
    isOver(model, upload, reply);
  }

  @Test
  void maskedUpdates_comeWhole() {
    Model model =
        Model.create(
            """
            {"tensors": {"w": [3]}, "optimizer": {"lrate": 1.0, "modules": []},
             "round": {"min_updates": 3, "max_updates": 4, "timeout": "1h"},
             "secure": {"clip": 4, "threshold": 0.5, "join_timeout": "1h", "share_timeout": "1h",
                        "unmask_timeout": "1h"}}\
            """);
    begin(model, "alice", new byte[0]).problem(422, "not-resumable");
    send(model, "OPTIONS", model.path(update(0, "alice")), new byte[0])
        .problem(422, "not-resumable");
  }

  @Test
  void options_tellTheLimit() {
    Model model = Model.create(SPEC);
    Reply reply = send(model, "OPTIONS", model.path(update(0, "alice")), new byte[0]).is(204);
    assertThat(reply.header("Allow")).contains("PUT").contains("OPTIONS");
    assertThat(reply.header("Upload-Limit")).matches("max-size=\\d+, max-age=3600");
  }

  @Test
  void parts_areOneUpdate_inAnyPieces() throws IOException {
    int number = 0;
    for (JsonNode one : ThinGoldens.json("bodies")) {
      if (number++ % 12 != 0) {
        continue; // one by one each takes many requests
      }
      Model model =
          Model.create(
              """
              {"tensors": %s, "dtype": %s, "optimizer": {"lrate": 1.0, "modules": []}}\
              """
                  .formatted(one.required("tensors"), one.required("dtype")));
      byte[] body = Base64.getDecoder().decode(one.required("body").stringValue());
      String query = one.required("partial").booleanValue() ? "?partial=true" : "";
      String upload =
          send(
                  model,
                  "PUT",
                  model.path(update(0, "alice")) + query,
                  new byte[0],
                  SAFETENSORS,
                  "Upload-Complete: ?0",
                  "Upload-Length: " + body.length)
              .is(201)
              .header("Location");
      int step = Math.max(1, body.length / 5);
      int at = 0;
      for (; at + step < body.length; at += step) {
        isOpen(
            patch(model, upload, at, false, Arrays.copyOfRange(body, at, at + step)).is(204),
            at + step);
      }
      JsonNode receipt =
          patch(model, upload, at, true, Arrays.copyOfRange(body, at, body.length)).is(201).json();
      for (String member : List.of("digest", "encoding", "left_out")) {
        assertThat(receipt.required(member)).isEqualTo(one.required(member));
      }
      assertThat(receipt.required("bytes").intValue()).isEqualTo(body.length);
      model.awaitVersion(1);
      assertThat(model.get("/versions/1/gradient").body())
          .isEqualTo(bytes(one.required("row").stringValue()));
    }
  }

  @Test
  void faults_endTheUpload() {
    JsonNode refused = ThinGoldens.json("refused");
    Model model =
        Model.create(
            """
            {"tensors": %s, "dtype": %s, "optimizer": {"lrate": 1.0, "modules": []}}\
            """
                .formatted(refused.required("tensors"), refused.required("dtype")));
    int number = 0;
    for (JsonNode one : refused.required("cases")) {
      if (number++ % 3 != 0) {
        continue;
      }
      byte[] body = Base64.getDecoder().decode(one.required("body").stringValue());
      Reply begun =
          send(
                  model,
                  "PUT",
                  model.path(update(0, "alice")),
                  new byte[0],
                  SAFETENSORS,
                  "Upload-Complete: ?0",
                  "Upload-Length: " + body.length)
              .is(201);
      String upload = begun.header("Location");
      Reply half = patch(model, upload, 0, false, Arrays.copyOf(body, body.length / 2));
      Reply last =
          half.status() != 204
              ? half
              : patch(
                  model,
                  upload,
                  body.length / 2,
                  true,
                  Arrays.copyOfRange(body, body.length / 2, body.length));
      last.problem(one.required("status").intValue(), one.required("code").stringValue());
      isOver(model, upload, last);
    }
  }

  @Test
  void whatCannotBeRight_isRefusedWhileBytesAreToCome() throws IOException {
    Model model =
        Model.create(
            """
            {"tensors": {"w": [1000000]}, "round": {"min_updates": 2}}\
            """);
    String upload =
        send(
                model,
                "PUT",
                model.path(update(0, "alice")),
                f4(1, Float.NaN),
                Http.OCTETS,
                "Upload-Complete: ?0",
                "Upload-Length: 4000000")
            .is(201)
            .header("Location");
    try (var patch = new RawRequest(model.http())) {
      patch.send(head(upload, 8, "?1", 3_999_992));
      patch.send((char) 0, 128 * 1024);
      Reply reply = patch.read();
      reply.problem(422, "not-finite");
      isOver(model, upload, reply);
    }
  }

  private static String head(String upload, long offset, String completes, long length) {
    return """
    PATCH %s HTTP/1.1\r
    Host: localhost\r
    Content-Type: application/partial-upload\r
    Upload-Offset: %s\r
    Upload-Complete: %s\r
    Content-Length: %s\r
    \r
    """
        .formatted(upload, offset, completes, length);
  }

  @Test
  void laterRequests_endOneThatHangs() throws IOException {
    Model model = Model.create(SPEC);
    String upload = begin(model, "alice", new byte[0]).is(201).header("Location");
    try (var first = new RawRequest(model.http());
        var second = new RawRequest(model.http())) {
      first.send(head(upload, 0, "?1", 12)).send(part(0, 4));
      awaitOffset(model, upload, 4);
      assertThat(first.read().status()).isIn(400, 408); // the container may be first
      assertThat(first.isClosedByPeer()).isTrue();
      second.send(head(upload, 4, "?1", 8)).send(part(4, 6));
      awaitOffset(model, upload, 6);
    }
    try (var third = new RawRequest(model.http())) {
      third.send(head(upload, 6, "?1", 6)).send(part(6, 7));
      model.http().delete(upload).is(204);
    }
    model.http().head(upload).is(404);
  }

  /** Asks until so much has come; every question may have ended the transfer before that. */
  private static void awaitOffset(Model model, String upload, long offset) {
    long found = -1;
    for (int i = 0; i < 1000 && found != offset; i++) {
      found = Long.parseLong(model.http().head(upload).is(204).header("Upload-Offset"));
      if (found != offset) {
        Thread.onSpinWait();
      }
    }
    assertThat(found).isEqualTo(offset);
  }
}
