package io.fedstep.web;

import io.fedstep.coordinator.Coordinator;
import io.fedstep.coordinator.Listener;
import io.fedstep.coordinator.Places;
import io.fedstep.problem.Problem;
import org.apache.catalina.core.StandardHost;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/** What the container is told. */
@Configuration(proxyBeanMethods = false)
class WebConfiguration {
  private static final String BUFFER = Integer.toString(64 * 1024);
  private static final String WRITE_BUFFER = Integer.toString(16 * 1024);

  @Bean
  WebServerFactoryCustomizer<TomcatServletWebServerFactory> tomcat(WebLimits limits) {
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
        }
      });
      factory.addEngineValves(new Edge(limits));
      factory.addContextCustomizers(context -> {
        if (context.getParent() instanceof StandardHost host) {
          host.setErrorReportValveClass(ProblemValve.class.getName());
        }
      });
    };
  }

  @Bean
  HeavyWork heavyWork(WebLimits limits) {
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
        Turns.ofCarriers());
  }

  @Bean
  WebMvcConfigurer interceptors(Listener listener, Coordinator coordinator, HeavyWork work) {
    return new WebMvcConfigurer() {
      @Override
      public void addInterceptors(InterceptorRegistry registry) {
        registry.addInterceptor(new UpdateTimer(listener)).addPathPatterns(UpdateController.PATH);
        registry.addInterceptor(new Shared(coordinator, work)).addPathPatterns("/v1/**");
        registry
            .addInterceptor(new RefusedUpdates(coordinator))
            .addPathPatterns(UpdateController.PATH);
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
