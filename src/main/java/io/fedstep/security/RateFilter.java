package io.fedstep.security;

import io.fedstep.problem.Refusal;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.InetAddress;
import org.springframework.web.filter.OncePerRequestFilter;

/** Refuses who sends too many requests: by id, or by address where nobody said who he is. */
final class RateFilter extends OncePerRequestFilter {
  private final RequestRate rate;
  private final Doorman doorman;
  private final boolean open;

  RateFilter(RequestRate rate, Doorman doorman, boolean open) {
    this.rate = rate;
    this.doorman = doorman;
    this.open = open;
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    Caller caller = Caller.of(request);
    String sender = caller.isAnybody() ? request.getRemoteAddr() : caller.id();
    Refusal tooMany = open && isLoopback(sender) ? null : rate.take(sender);
    if (tooMany == null) {
      chain.doFilter(request, response);
    } else {
      doorman.refuse(request, response, tooMany);
    }
  }

  /** All on this machine have one address, and none of them could be kept out. */
  private static boolean isLoopback(String address) {
    return InetAddress.ofLiteral(address).isLoopbackAddress();
  }
}
