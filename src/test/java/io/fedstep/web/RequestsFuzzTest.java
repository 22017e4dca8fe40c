package io.fedstep.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.fedstep.problem.RefusedException;
import io.fedstep.vector.Dtype;
import io.fedstep.wire.ByteRange;
import io.fedstep.wire.Coding;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.springframework.mock.web.MockHttpServletRequest;

/** What the head of a request says, and compressed bodies, on anything: read or refused. */
class RequestsFuzzTest {
  /** A body's limit here. */
  private static final int MOST = 1 << 20;

  private static void refusable(Runnable parser) {
    try {
      parser.run();
    } catch (RefusedException e) {
      assertThat(e.refusal().problem().status()).isBetween(400, 499);
    }
  }

  private static void expand(Coding coding, byte[] bytes) {
    try (InputStream in = coding.expand(new ByteArrayInputStream(bytes))) {
      assertThat(in.readNBytes(MOST)).hasSizeLessThanOrEqualTo(MOST);
    } catch (IOException e) {
      // cut short, or not in that coding
    }
  }

  @FuzzTest(maxDuration = "2m")
  void gzip(byte[] bytes) {
    expand(Coding.GZIP, bytes);
  }

  @FuzzTest(maxDuration = "2m")
  void zstd(byte[] bytes) {
    expand(Coding.ZSTD, bytes);
  }

  @FuzzTest(maxDuration = "2m")
  void fields(byte[] bytes) {
    String text = new String(bytes, UTF_8);
    refusable(() -> Representation.accepted(text, Dtype.FLOAT64, true));
    refusable(() -> ByteRange.asked(List.of(text), 1000));
    refusable(() -> Coding.accepted(text));
    refusable(() -> Coding.named(text));
    refusable(() -> {
      var request = new MockHttpServletRequest();
      request.addHeader("If-None-Match", text);
      Conditions.known(request).matchAnyOf("a-1");
    });
  }

  @FuzzTest(maxDuration = "2m")
  void query(byte[] bytes) {
    String text = new String(bytes, UTF_8);
    refusable(() -> {
      var request = new MockHttpServletRequest();
      request.setQueryString(text);
      var query = new Query(request, _ -> true);
      query.waitTime();
      query.number("after");
      query.all().forEach(Query::decimal);
    });
    refusable(() -> Query.name("model", text));
  }
}
