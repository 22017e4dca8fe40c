package io.fedstep.client;

import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpResponse.BodySubscribers;
import java.net.http.HttpResponse.ResponseInfo;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow.Subscription;
import org.jspecify.annotations.Nullable;

/**
 * The body of an answer, which may come in several tries: each goes on where the last broke off.
 */
final class Incoming implements BodyHandler<byte[]> {
  private static final int OK = 200;
  private static final int PARTIAL = 206;

  private byte[] bytes = new byte[0];
  private String tag = "";
  private boolean resumes;
  private volatile int at;
  private volatile @Nullable Collector current;

  /** How many bytes are there. */
  int at() {
    return at;
  }

  /** Whether the body of this try's answer has begun. */
  boolean hasBegun() {
    return current != null;
  }

  /** Asks for the rest alone, where some is there and what it is part of has a name. */
  void resume(HttpRequest.Builder request) {
    current = null;
    resumes = at > 0 && !tag.isEmpty();
    if (resumes) {
      request.setHeader("Range", "bytes=" + at + "-").setHeader("If-Range", tag);
    }
  }

  /** Begins anew. */
  void forget() {
    at = 0;
    tag = "";
  }

  @Override
  public BodySubscriber<byte[]> apply(ResponseInfo answer) {
    boolean isRest =
        resumes
            && answer.statusCode() == PARTIAL
            && answer.headers().firstValue("Content-Range").orElse("").startsWith("bytes " + at);
    if (!isRest && answer.statusCode() != OK) {
      return BodySubscribers.ofByteArray(); // of a redirect, say: what is there stays
    }
    if (!isRest) {
      forget();
      tag = answer.headers().firstValue("ETag").filter(name -> name.startsWith("\"")).orElse("");
    }
    long length = at + answer.headers().firstValueAsLong("Content-Length").orElse(0);
    if (length > bytes.length && length <= Integer.MAX_VALUE) {
      bytes = Arrays.copyOf(bytes, (int) length);
    }
    var collector = new Collector();
    current = collector;
    return collector;
  }

  private void add(ByteBuffer some) {
    int end = Math.addExact(at, some.remaining());
    if (end > bytes.length) {
      bytes = Arrays.copyOf(bytes, (int) Math.min(2L * end, Integer.MAX_VALUE - 8));
    }
    some.get(bytes, at, some.remaining());
    at = end;
  }

  private byte[] whole() {
    return bytes.length == at ? bytes : Arrays.copyOf(bytes, at);
  }

  /** Puts what comes behind what is there. */
  private final class Collector implements BodySubscriber<byte[]> {
    private final CompletableFuture<byte[]> body = new CompletableFuture<>();

    @Override
    public CompletionStage<byte[]> getBody() {
      return body;
    }

    @Override
    public void onSubscribe(Subscription subscription) {
      subscription.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(List<ByteBuffer> some) {
      if (current != this) {
        return; // of a try that was given up
      }
      try {
        some.forEach(Incoming.this::add);
      } catch (ArithmeticException e) {
        body.completeExceptionally(new IOException("the answer is longer than an array", e));
      }
    }

    @Override
    public void onError(Throwable broken) {
      body.completeExceptionally(broken);
    }

    @Override
    public void onComplete() {
      body.complete(whole());
    }
  }
}
