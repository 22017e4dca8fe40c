package io.fedstep.wire;

import java.net.InetAddress;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.apache.catalina.util.NetMaskSet;

/**
 * The addresses of the proxies before this server, as {@code
 * server.tomcat.remoteip.internal-proxies} has them: networks (10.0.0.0/8, ::1/128), or an
 * expression.
 */
final class Proxies {
  private final Predicate<String> addresses;

  Proxies(String configured) {
    if (configured.indexOf('/') > 0) { // as the container tells one from the other
      NetMaskSet networks = NetMaskSet.parse(configured);
      addresses = address -> networks.contains(InetAddress.ofLiteral(address));
    } else {
      Pattern expression = Pattern.compile(configured);
      addresses = address -> expression.matcher(address).matches();
    }
  }

  /** Whether an address is a proxy's. */
  boolean has(String address) {
    return isAddress(address) && addresses.test(address);
  }

  /** Whether a text is an IP address, and no name that has to be looked up. */
  static boolean isAddress(String text) {
    if (text.length() > 45 || text.indexOf('%') >= 0) {
      return false;
    }
    try {
      InetAddress.ofLiteral(text);
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }
}
