package io.fedstep.security;

import io.fedstep.problem.Refusal;
import io.fedstep.quota.RequestRate;
import io.fedstep.wire.Exchange;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.web.filter.OncePerRequestFilter;

/** Refuses the requests of a sender that sends too many, by its id or else its address. */
final class RequestRateFilter extends OncePerRequestFilter {
  private final RequestRate rate;
  private final AccessProblems refusals;

  RequestRateFilter(RequestRate rate, AccessProblems refusals) {
    this.rate = rate;
    this.refusals = refusals;
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    Refusal tooMany = rate.count(Exchange.senderName(request));
    if (tooMany == null) {
      chain.doFilter(request, response);
    } else {
      refusals.refuse(request, response, tooMany);
    }
  }
}
