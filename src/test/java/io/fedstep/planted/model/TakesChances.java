package io.fedstep.planted.model;

import java.time.Clock;
import java.time.Instant;
import java.util.Random;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;

/** Asks for the time in four ways and throws dice in three; a seed is no chance. */
public class TakesChances {
  Instant now = Instant.now();
  Supplier<Instant> later = Instant::now;
  Clock clock = Clock.systemUTC();
  long nanos = System.nanoTime();
  Random dice = new Random();
  Random seeded = new Random(7);
  double chance = Math.random();
  int number = ThreadLocalRandom.current().nextInt();
}
