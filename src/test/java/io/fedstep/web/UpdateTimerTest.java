package io.fedstep.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.fedstep.coordinator.Listener;
import io.fedstep.problem.Problem;
import io.fedstep.problem.Refusal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockHttpServletResponse;
import org.springframework.web.servlet.HandlerMapping;

class UpdateTimerTest {
  private static final Refusal LOST =
      Refusal.of(Problem.MALFORMED, "The body ended early or could not be read.");

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

  private void answer() {
    timer.afterCompletion(request, response, this, null);
  }

  @Test
  void refusal_isToldByItsCode() {
    timer.preHandle(request, response, this);
    request.setAttribute(Body.BYTES, 12L);
    var _ = Problems.refuse(request, LOST);
    answer();
    assertThat(told).containsExactly("toy malformed 12");
  }

  @Test
  void update_whoseAnswerIsLost_isAcceptedAllTheSame() {
    timer.preHandle(request, response, this);
    request.setAttribute(Problems.OUTCOME, Listener.ACCEPTED);
    var _ = Problems.refuse(request, LOST);
    answer();
    assertThat(told).containsExactly("toy accepted 0");
  }

  @Test
  void faultThatNobodyAnswered_isInternal() {
    timer.preHandle(request, response, this);
    answer();
    assertThat(told).containsExactly("toy internal 0");
  }

  @Test
  void reading_isNoUpdate() {
    request.setMethod("GET");
    timer.preHandle(request, response, this);
    answer();
    assertThat(told).isEmpty();
  }
}
