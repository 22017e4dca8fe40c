package io.fedstep.client;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Single tries of requests: with credentials, through redirects, and over connections that live.
 */
final class Connection {
  /** After which a body of which nothing comes is given up. */
  private static final Duration SILENCE = Duration.ofSeconds(60);

  private static final int UNAUTHORIZED = 401;
  private static final int PARTIAL = 206;

  private final HttpClient http;
  private final Credentials credentials;

  Connection(HttpClient http, Credentials credentials) {
    this.http = http;
    this.credentials = credentials;
  }

  /** The answer, whatever its status, with other credentials if the first ones were refused. */
  HttpResponse<byte[]> send(HttpRequest.Builder builder, Incoming incoming)
      throws IOException, InterruptedException {
    Map<String, String> fields = credentials.fields();
    HttpResponse<byte[]> answer = followed(builder, fields, incoming);
    return answer.statusCode() == UNAUTHORIZED && credentials.renew(fields)
        ? followed(builder, credentials.fields(), incoming)
        : answer;
  }

  private HttpResponse<byte[]> followed(
      HttpRequest.Builder builder, Map<String, String> fields, Incoming incoming)
      throws IOException, InterruptedException {
    HttpRequest.Builder copy = builder.copy();
    fields.forEach(copy::setHeader);
    incoming.resume(copy);
    HttpRequest request = copy.build();
    for (int redirects = 0; redirects <= Redirects.MOST; redirects++) {
      HttpResponse<byte[]> answer = once(request, incoming);
      HttpRequest next = Redirects.next(request, answer, credentials);
      if (next == null) {
        return answer;
      }
      request = next;
    }
    throw new Loss.FinalLossException(request.uri() + ": too many redirects", null);
  }

  private HttpResponse<byte[]> once(HttpRequest request, Incoming incoming)
      throws IOException, InterruptedException {
    CompletableFuture<HttpResponse<byte[]>> sent = http.sendAsync(request, incoming);
    int before = incoming.at();
    while (true) {
      try {
        return checked(sent.get(SILENCE.toMillis(), TimeUnit.MILLISECONDS), incoming);
      } catch (TimeoutException e) {
        if (incoming.at() == before && incoming.hasBegun()) { // till then it has a timeout
          sent.cancel(true);
          throw new IOException(request.uri() + ": nothing has come for " + SILENCE, e);
        }
        before = incoming.at();
      } catch (InterruptedException e) {
        sent.cancel(true);
        throw e;
      } catch (ExecutionException e) {
        throw Loss.of(
            e.getCause() instanceof IOException lost
                ? lost
                : new IOException(request.uri().toString(), e.getCause()));
      }
    }
  }

  /** Refuses a part of something else than what is there. */
  private static HttpResponse<byte[]> checked(HttpResponse<byte[]> answer, Incoming incoming)
      throws IOException {
    if (answer.statusCode() == PARTIAL && answer.body().length != incoming.at()) {
      incoming.forget();
      throw new IOException(answer.uri() + " gave another part than was asked for");
    }
    return answer;
  }
}
