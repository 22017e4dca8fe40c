package io.fedstep.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.coordinator.Listener;
import io.fedstep.problem.Problem;
import io.fedstep.wire.Exchange;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockHttpServletResponse;
import org.springframework.web.servlet.HandlerMapping;

class UpdateTimerTest {
  private final List<String> told = new ArrayList<>();
  private final UpdateTimer timer =
      new UpdateTimer(
          new Listener() {
            @Override
            public void updateAnswered(
                String model, String outcome, Duration duration, long bytes) {
              told.add("%s %s %s".formatted(model, outcome, bytes));
            }
          });
  private final MockHttpServletRequest request = new MockHttpServletRequest("PUT", "/");
  private final MockHttpServletResponse response = new MockHttpServletResponse();

  UpdateTimerTest() {
    request.setAttribute(HandlerMapping.URI_TEMPLATE_VARIABLES_ATTRIBUTE, Map.of("model", "toy"));
  }

  private void refuse() {
    Exchange.of(request).end(Problem.MALFORMED.code());
  }

  private void answer() {
    timer.afterCompletion(request, response, this, null);
  }

  @Test
  void refusal_isToldByItsCode() {
    Exchange.of(request).count(12);
    refuse();
    answer();
    assertThat(told).containsExactly("toy malformed 12");
  }

  @Test
  void update_whoseAnswerIsLost_isAcceptedAllTheSame() {
    Exchange.of(request).end(Listener.ACCEPTED);
    refuse();
    answer();
    assertThat(told).containsExactly("toy accepted 0");
  }

  @Test
  void faultThatNobodyAnswered_isInternal() {
    answer();
    assertThat(told).containsExactly("toy internal 0");
  }

  @Test
  void reading_isNoUpdate() {
    request.setMethod("GET");
    answer();
    assertThat(told).isEmpty();
  }
}
