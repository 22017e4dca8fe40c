package io.fedstep;

import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.AbstractBindHandler;
import org.springframework.boot.context.properties.bind.BindContext;
import org.springframework.boot.context.properties.bind.BindHandler;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName.Form;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.StandardEnvironment;

/**
 * Ends a start whose environment variables or system properties have fedstep's name and bind to no
 * key, as the framework does with those of files and of the command line: a misspelt one may have
 * been meant to close the server.
 */
final class UnknownKeys extends AbstractBindHandler {
  private static final ConfigurationPropertyName ROOT = ConfigurationPropertyName.of("fedstep");

  private static final String VARIABLE = "FEDSTEP_";

  /** Variables of the clients and their tests, and those that Kubernetes makes of services. */
  private static final Pattern OTHERS =
      Pattern.compile(
          "FEDSTEP_(URL|TOKEN|JAR|PORT|(SERVICE|PORT)_.*|.*_SERVICE_(HOST|PORT)(_.*)?|.*_PORT(_\\d+_.*)?)");

  private final ConfigurableEnvironment environment;
  private final Set<ConfigurationPropertyName> bound = new HashSet<>();

  UnknownKeys(BindHandler parent, ConfigurableEnvironment environment) {
    super(parent);
    this.environment = environment;
  }

  @Override
  public @Nullable Object onSuccess(
      ConfigurationPropertyName name, Bindable<?> target, BindContext context, Object result) {
    bound.add(name);
    return super.onSuccess(name, target, context, result);
  }

  @Override
  public void onFinish(
      ConfigurationPropertyName name,
      Bindable<?> target,
      BindContext context,
      @Nullable Object result)
      throws Exception {
    super.onFinish(name, target, context, result);
    if (name.equals(ROOT)) {
      List<String> unknown = Stream.concat(variables(), properties()).sorted().toList();
      if (!unknown.isEmpty()) {
        throw new UnknownKeyException(unknown);
      }
    }
  }

  private Stream<String> variables() {
    var known = new HashSet<String>();
    for (ConfigurationPropertyName name : bound) {
      known.add(variable(name, Form.UNIFORM));
      known.add(variable(name, Form.DASHED));
    }
    return names(StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME)
        .filter(name -> {
          String upper = name.toUpperCase(Locale.ROOT);
          return upper.startsWith(VARIABLE)
              && !known.contains(upper)
              && !OTHERS.matcher(upper).matches();
        });
  }

  /** As the framework reads a key from a variable: with or without a line for each hyphen. */
  private static String variable(ConfigurationPropertyName name, Form form) {
    return String.join(
            "_",
            IntStream.range(0, name.getNumberOfElements())
                .mapToObj(i -> name.getElement(i, form).replace('-', '_'))
                .toList())
        .toUpperCase(Locale.ROOT);
  }

  private Stream<String> properties() {
    return names(StandardEnvironment.SYSTEM_PROPERTIES_PROPERTY_SOURCE_NAME)
        .filter(name -> name.startsWith(ROOT + "."))
        .filter(name -> !bound.contains(ConfigurationPropertyName.adapt(name, '.')));
  }

  private Stream<String> names(String source) {
    return environment.getPropertySources().get(source) instanceof EnumerablePropertySource<?> all
        ? Stream.of(all.getPropertyNames())
        : Stream.empty();
  }

  /** There are keys that nobody reads. */
  static final class UnknownKeyException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UnknownKeyException(List<String> names) {
      super(
          "fedstep has no key for %s, and would not heed it.".formatted(String.join(", ", names)));
    }
  }

  /** Shows it at start without a stack trace, and without the values. */
  @Order(0) // before those that know it as a failure to bind
  static final class Analyzer extends AbstractFailureAnalyzer<UnknownKeyException> {
    @Override
    protected FailureAnalysis analyze(Throwable root, UnknownKeyException cause) {
      return new FailureAnalysis(
          cause.getMessage(),
          "Correct the name or take it away. docs/REFERENCE.md has all keys: fedstep.data-dir is"
              + " FEDSTEP_DATA_DIR, fedstep.security.tokens[0].id is FEDSTEP_SECURITY_TOKENS_0_ID.",
          cause);
    }
  }
}
