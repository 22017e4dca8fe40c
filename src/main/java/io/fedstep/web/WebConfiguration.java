package io.fedstep.web;

import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.Listener;
import io.fedstep.coordinator.Places;
import io.fedstep.problem.Problem;
import io.fedstep.store.KeptAnswers;
import java.util.ArrayList;
import org.apache.catalina.Valve;
import org.apache.catalina.core.StandardHost;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.tomcat.autoconfigure.TomcatServerProperties;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.boot.web.server.autoconfigure.ServerProperties;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.security.web.firewall.HttpFirewall;
import org.springframework.security.web.firewall.StrictHttpFirewall;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/** What the container is told. */
@Configuration(proxyBeanMethods = false)
class WebConfiguration {
  private static final Logger LOG = LoggerFactory.getLogger(WebConfiguration.class);

  private static final String BUFFER = Integer.toString(64 * 1024);
  private static final String WRITE_BUFFER = Integer.toString(16 * 1024);

  @Bean
  WebServerFactoryCustomizer<TomcatServletWebServerFactory> tomcat(
      WebLimits limits, ServerProperties server, TomcatServerProperties tomcat) {
    var peers = PeerConnections.of(limits, new Proxies(tomcat.getRemoteip().getInternalProxies()));
    return factory -> {
      factory.setProtocol(SendfileProtocol.class.getName());
      factory.addConnectorCustomizers(connector -> {
        // a request that its head already refuses is answered before its body is asked for
        connector.setProperty("continueResponseTiming", "onRead");
        connector.setProperty("socket.appReadBufSize", BUFFER);
        connector.setProperty("socket.appWriteBufSize", WRITE_BUFFER);
        // a few more are let in, to be told that there are too many
        int most = limits.connections() + limits.connections() / 4 + 8;
        connector.setProperty("maxConnections", Integer.toString(most));
        if (connector.getProtocolHandler() instanceof SendfileProtocol http) {
          http.limitHeads(limits.headTime());
          http.limitConnections(limits.connections());
          http.shareOut(peers);
        }
      });
      var valves = new ArrayList<Valve>();
      valves.add(forwardedFields(server, tomcat));
      valves.addAll(factory.getEngineValves()); // of which one reads those fields
      factory.setEngineValves(valves);
      factory.addEngineValves(new Edge(limits, peers), new RequestFields());
      factory.addContextCustomizers(context -> {
        if (context.getParent() instanceof StandardHost host) {
          host.setErrorReportValveClass(ProblemValve.class.getName());
        }
      });
    };
  }

  private static Valve forwardedFields(ServerProperties server, TomcatServerProperties tomcat) {
    if (server.getForwardHeadersStrategy() == ServerProperties.ForwardHeadersStrategy.FRAMEWORK) {
      LOG.warn(
          "server.forward-headers-strategy=framework believes more of X-Forwarded-* than native,"
              + " which is meant for this server (docs/NGINX.md)");
    }
    TomcatServerProperties.Remoteip remote = tomcat.getRemoteip();
    return new ForwardedFields(
        new Proxies(remote.getInternalProxies()),
        named(remote.getRemoteIpHeader(), "X-Forwarded-For"),
        named(remote.getProtocolHeader(), "X-Forwarded-Proto"));
  }

  private static String named(@Nullable String configured, String usual) {
    return configured == null || configured.isBlank() ? usual : configured;
  }

  /** Lets header fields through, at which {@link RequestFields} has looked. */
  @Bean
  HttpFirewall firewall() {
    var firewall = new StrictHttpFirewall();
    firewall.setAllowedHeaderValues(_ -> true);
    return firewall;
  }

  @Bean
  HeavyWork heavyWork(WebLimits limits, KeptAnswers kept) {
    return new HeavyWork(
        new Places(
            "bodies in zstd are expanded",
            "fedstep.limits.decoders",
            limits.decoders(),
            limits.share(),
            Problem.TOO_MANY_REQUESTS,
            1),
        new Places(
            "answers are computed",
            "fedstep.limits.heavy-answers",
            limits.heavyAnswers(),
            limits.share(),
            Problem.TOO_MANY_REQUESTS,
            1),
        Turns.ofCarriers(),
        kept);
  }

  @Bean
  FilterRegistrationBean<TrailingSlash> trailingSlash() {
    var registration = new FilterRegistrationBean<>(new TrailingSlash());
    registration.setOrder(Ordered.HIGHEST_PRECEDENCE); // rights are looked at without it
    return registration;
  }

  @Bean
  WebMvcConfigurer interceptors(Listener listener, Coordinator coordinator, HeavyWork work) {
    return new WebMvcConfigurer() {
      @Override
      public void addInterceptors(InterceptorRegistry registry) {
        registry.addInterceptor(new NoQuery()).addPathPatterns("/v1/**");
        registry.addInterceptor(new UpdateTimer(listener)).addPathPatterns(UpdateController.PATH);
        registry.addInterceptor(new Shared(coordinator, work)).addPathPatterns("/v1/**");
        registry.addInterceptor(new ChangeConditions()).addPathPatterns(ChangeConditions.PATHS);
      }
    };
  }

  /** Answers waiting clients before the container waits for their requests to end. */
  @Bean
  SmartLifecycle waitersAtShutdown(Coordinator coordinator) {
    return new SmartLifecycle() {
      private volatile boolean running;

      @Override
      public void start() {
        running = true;
      }

      @Override
      public void stop() {
        coordinator.drain();
        running = false;
      }

      @Override
      public boolean isRunning() {
        return running;
      }
    };
  }
}
